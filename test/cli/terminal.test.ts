import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { startPuppetGateway } from "./puppet-gateway.js";

const folder = mkdtempSync(join(tmpdir(), "scanmesh-terminal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the command writes to a terminal of its own, and how it ends. */
function onTerminal(env: Record<string, string>, args: readonly string[]): Promise<{ code: number | null; written: string }> {
  const command = [process.execPath, projectPath("dist", "cli", "scan.js"), ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { PATH: process.env["PATH"], SHELL: "/bin/sh", SCANMESH_HOME: "/no-mesh-here", TERM: "xterm", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, written })));
}

describe("on a terminal the command", () => {
  it.each([
    ["draws with colours", {}, true, true],
    ["draws without colours for NO_COLOR", { NO_COLOR: "1" }, true, false],
    ["writes plain lines where TERM is dumb", { TERM: "dumb" }, false, false],
  ])("%s", async (_, env, draws, hasColours) => {
    const gateway = await startPuppetGateway();
    const path = join(folder, "文件名\u202e.exe");
    writeFileSync(path, "bad");
    const { code, written } = await onTerminal(env as Record<string, string>, ["--url", gateway.url, path]);
    expect(written).toContain("文件名<U+202E>.exe");
    expect(written).toContain("INFECTED");
    expect(written.includes("\u001b[")).toBe(draws);
    expect(/\u001b\[[0-9;]*m/.test(written)).toBe(hasColours);
    expect(code).toBe(1);
  });
});

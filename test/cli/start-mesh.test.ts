import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { alive, processTree } from "../standalone/process-tree.js";

/** In parts, so that no antivirus program reports this file. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"].join("");

let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "scanmesh-cli-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scan(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", SCANMESH_HOME: join(folder, "home"), ...more };
  const child = spawn(process.execPath, [projectPath("dist", "cli", "scan.js"), ...args], { env });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

it("without a running mesh one is started for the command and stopped after it", async () => {
  const file = join(folder, "eicar.com");
  writeFileSync(file, EICAR);
  const { code, stdout, stderr } = await scan(["--json", file]);
  expect(stderr).toMatch(/^No mesh runs in \S+home: starting one[^]*Stopping the mesh that was started for this command/);
  expect(JSON.parse(stdout)).toMatchObject({ files: [{ file, verdict: "INFECTED" }] });
  expect(code).toBe(1);
  expect(existsSync(join(folder, "home", "mesh.json"))).toBe(false);
});

it.each([
  ["in the middle of its start", ["any.txt"], (mesh: string) => mesh.includes('"url":null')],
  ["while it is sent a file", ["-"], (mesh: string) => mesh.includes('"url":"http')],
])("Ctrl-C %s stops the mesh that was started for the command, and says so", async (_, args, isReached) => {
  writeFileSync(join(folder, "any.txt"), "any");
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", SCANMESH_HOME: join(folder, "home") };
  const child = spawn(process.execPath, [projectPath("dist", "cli", "scan.js"), ...args], { env, cwd: folder });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const meshFile = () => readFile(join(folder, "home", "mesh.json"), "utf8").catch(() => "");
  await expect.poll(async () => isReached(await meshFile())).toBe(true);
  const tree = await processTree(child.pid ?? 0);
  // From the terminal, and from npm, which passes it on.
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(stderr).toMatch(/^No mesh runs in [^\n]*\n(-: was not sent\n)?Interrupted; the mesh was stopped\.\n$/);
  expect(await alive(tree)).toEqual([]);
  expect(await meshFile()).toBe("");
});

it("with an API key none is started", async () => {
  const file = join(folder, "any.txt");
  writeFileSync(file, "any");
  const none = join(folder, "none");
  for (const given of [
    scan(["--key", "sm_any_key", file], { SCANMESH_HOME: none }),
    scan([file], { SCANMESH_HOME: none, SCANMESH_API_KEY: "sm_any_key" }),
  ]) {
    expect(await given).toEqual({
      code: 2,
      stdout: "",
      stderr:
        `No mesh runs in ${none}, and with an API key none is started. ` +
        "SCANMESH_HOME names the folder of another mesh, --url the address of one.\n",
    });
  }
  expect(existsSync(none)).toBe(false);
});

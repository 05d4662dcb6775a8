import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { startPuppetGateway } from "./puppet-gateway.js";
import { startScan } from "./run-scan.js";

const folder = mkdtempSync(join(tmpdir(), "scanmesh-exit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs a line of bash in which $SCAN is the command. */
function bash(line: string, ...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const scan = `"${process.execPath}" "${projectPath("dist", "cli", "scan.js")}"`;
  const env = { PATH: process.env["PATH"], SCANMESH_HOME: "/no-mesh-here" };
  const child = spawn("bash", ["--norc", "-c", line.replaceAll("$SCAN", scan), "bash", ...args], { env });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr })));
}

describe("an output that takes nothing", () => {
  it("is 141 if its reader is gone, without a stack trace", async () => {
    const { url } = await startPuppetGateway();
    const lines = [
      // The reader is gone before the first line, so that nothing depends on who is faster.
      'exec 3> >(exit 0); sleep 0.3; $SCAN --url "$1" "$2" "$2" "$2" >&3',
      'exec 3> >(exit 0); sleep 0.3; $SCAN --url "$1" "$2" /nowhere 2>&3 >/dev/null',
    ];
    for (const line of lines) expect(await bash(line, url, file("clean.txt", "clean"))).toEqual({ code: 141, stderr: "" });
  });

  it.each([
    ['$SCAN --url "$1" "$2" >/dev/full', "The output cannot be written: ENOSPC.\n"],
    ['$SCAN --url "$1" --json "$2" >/dev/full', "The output cannot be written: ENOSPC.\n"],
    ['$SCAN --url "$1" "$2" /nowhere 2>/dev/full', ""],
    ["$SCAN --help >/dev/full", "The output cannot be written: ENOSPC.\n"],
  ])("is 2 if it is full: %s", async (line, sentence) => {
    const { url } = await startPuppetGateway();
    expect(await bash(line, url, file("clean.txt", "clean"))).toEqual({ code: 2, stderr: sentence });
  });
});

describe("a command that cannot run at all", () => {
  it("is 2 on a Node that is too old", () => {
    const old = "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.0'}})";
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", old, projectPath("standalone", "bootstrap.mjs"), "scan", "x"],
      { encoding: "utf8" },
    );
    expect(stderr).toContain("and this is Node 18.20.0");
    expect(status).toBe(2);
  });

  it.each([
    ["nothing of it is there", []],
    ["a part of it is", ["commands.mjs", "exit-status.mjs"]],
  ])("is 2 if its files are missing: %s", (_, present) => {
    const clone = mkdtempSync(join(folder, "clone-"));
    mkdirSync(join(clone, "standalone"));
    for (const name of ["bootstrap.mjs", ...present])
      spawnSync("cp", [projectPath("standalone", name), join(clone, "standalone", name)]);
    const { status } = spawnSync(process.execPath, [join(clone, "standalone", "bootstrap.mjs"), "scan", "x"]);
    expect(status).toBe(2);
  });

  it("is 2 if there is no such command", () => {
    expect(spawnSync(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "skan"]).status).toBe(2);
  });
});

describe("standard input that gives nothing", () => {
  it.each(['$SCAN --url "$1" - </dev/null', '$SCAN --url "$1" - <&-', 'false | $SCAN --url "$1" -', '$SCAN --url "$1" - </'])(
    "is no clean sample: %s",
    async (line) => {
      const gateway = await startPuppetGateway();
      expect(await bash(line, gateway.url)).toEqual({ code: 2, stderr: "" });
      expect(gateway.samples.size).toBe(0);
      expect((await bash(`echo bad | $SCAN --url "$1" -`, gateway.url)).code).toBe(1);
    },
  );
});

describe("a file that fails", () => {
  const half = '{"data":{"submitScan":{"sc';

  it.each([
    ["half an answer", (name: string) => name === "Submit", "did not arrive whole"],
    ["a refusal by half", (name: string) => name.startsWith("PUT"), "the gateway answered 400"],
  ])("ends alone, and what others have found counts: %s", async (_, hits, sentence) => {
    const gateway = await startPuppetGateway(({ what, body, response }) => {
      if (!hits(what) || !body.includes("odd")) return false;
      response.writeHead(what === "Submit" ? 200 : 400, { "content-type": "application/json" });
      response.end(what === "Submit" ? half : '{"error":"too la');
      return true;
    });
    const files = [file("a.exe", "bad"), file("odd.txt", "odd"), file("c.txt", "fine")];
    const { code, stdout, stderr } = await startScan(["--url", gateway.url, ...files]).ended;
    expect(stderr).toBe("");
    expect(stdout).toContain("a.exe: INFECTED");
    expect(stdout).toMatch(new RegExp(`odd\\.txt: .*${sentence}`));
    expect(stdout).toContain("c.txt: CLEAN");
    expect(code).toBe(1);
    expect((await startScan(["--url", gateway.url, ...files.slice(1)]).ended).code).toBe(2);
  });
});

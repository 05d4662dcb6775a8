import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProcessLimits } from "../../../../schema/process-run.js";
import { LIMITS, noFence } from "../../../../scanner-agent/runners/process/fence.js";
import { findFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { createProcessRunner } from "../../../../scanner-agent/runners/process/process.js";
import { runOptions, sampleFile } from "../samples.js";

const MIB = 1024 ** 2;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-limits-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(command: readonly string[], limits: Partial<ProcessLimits> = {}) {
  const fence = () => findFence({ internet: false, folder, programPath: "" });
  const [detect = ""] = command;
  const all = { ...LIMITS, ...limits };
  const runner = createProcessRunner({ command, detect, version: undefined, folder, programPath: "", fence, limits: all });
  await runner.start();
  return await runner.run(await sampleFile(folder, Buffer.from("the sample")), runOptions());
}

const fenced = (await findFence({ internet: false, folder: tmpdir(), programPath: "" })) !== noFence;

/** A folder that every user may read. */
async function home(): Promise<string> {
  const path = join(folder, "engine");
  await mkdir(path);
  return path;
}

/** A script of Node in its folder, beside a file of signatures. */
async function script(text: string): Promise<string[]> {
  const path = join(await home(), "engine.mjs");
  await writeFile(path, text);
  return [process.execPath, path, "{file}"];
}

describe.skipIf(!fenced)("by default", () => {
  test("an engine in Node with WebAssembly works", async () => {
    const text =
      'import { readFileSync } from "node:fs"; new WebAssembly.Memory({ initial: 1 }); console.log(readFileSync(process.argv[2], "utf8"));';
    expect(await run(await script(text))).toEqual({ exitCode: 0, stdout: "the sample\n", stderr: "" });
  });
});

describe.skipIf(!fenced)("a limit that is reached is named, with what raises it", () => {
  const sh = (text: string) => ["sh", "-c", text];
  const OPEN = 'const { openSync } = require("node:fs"); for (let i = 0; i < 100; i++) openSync("/dev/null")';

  test.each<[string, readonly string[], Partial<ProcessLimits>, RegExp]>([
    [
      "open files",
      [process.execPath, "-e", OPEN],
      { files: 64 },
      /^it seems to have reached its limit of 64 open files \(limits\.files\)$/,
    ],
    [
      "a file's size",
      sh("head -c 2000000 /dev/zero > big"),
      { fileSize: MIB },
      /^it reached its limit of 1 MiB for a file \(limits\.fileSize\)$/,
    ],
    [
      "what it writes",
      sh("head -c 3000000 /dev/zero > /tmp/big"),
      { tmp: MIB },
      /limit of 1 MiB for what it writes \(limits\.tmp\)$/,
    ],
    [
      "memory",
      sh("head -c 99000000 /dev/zero | tail > /dev/null"),
      { memory: 32 * MIB },
      /limit of 32 MiB of memory \(data segment\) \(limits\.memory\)$/,
    ],
    [
      "processes",
      sh("for i in $(seq 20); do sleep 0.1 & done; wait"),
      { pids: 8 },
      /limit of 8 processes and threads \(limits\.pids\)$/,
    ],
  ])("%s", async (_, command, limits, sentence) => {
    const within = await run(command);
    expect(within).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const { limit, exitCode } = await run(command, limits);
    expect(limit).toMatch(sentence);
    expect(exitCode).not.toBe(0);
  });
});

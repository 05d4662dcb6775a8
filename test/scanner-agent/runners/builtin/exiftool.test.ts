import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createExiftool, ExiftoolEnded, type ExiftoolOptions } from "../../../../scanner-agent/runners/builtin/exiftool.js";
import { findTools, openExiftool, runTools } from "../../../../scanner-agent/runners/builtin/fileinfo-tools.js";

/** Prints its process and the file's name; some names have it do something else. */
const PROGRAM = `#!/bin/sh
while read -r line; do
  case "$line" in
    */crash) exit 3 ;;
    */hang) sleep 60 ;;
    */flood) head -c 100000 /dev/zero ;;
    -execute*) echo "[{\\"Process\\":$$,\\"SourceFile\\":\\"$file\\"}]"; echo "{ready\${line#-execute}}" ;;
    /*) file=$line ;;
  esac
done`;

async function folderWith(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-exiftool-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "exiftool"), program);
  await chmod(join(folder, "exiftool"), 0o755);
  return folder;
}

async function open(options: Partial<ExiftoolOptions> = {}) {
  const cwd = await folderWith(PROGRAM);
  // What it is told comes by file descriptor 3.
  const argv = ["/bin/sh", "-c", 'exec "$@" <&3 3<&-', "sh", join(cwd, "exiftool")];
  const env = { PATH: process.env["PATH"] ?? "" };
  const exiftool = createExiftool({ argv, args: ["-json"], cwd, env, timeoutMs: 20_000, maxOutput: 10_000, ...options });
  return async (path: string) => {
    const [told] = JSON.parse(await exiftool.read(path)) as [{ Process: number; SourceFile: string }];
    expect(told.SourceFile).toBe(path);
    return told.Process;
  };
}

/** Nobody may have waited for a process that has ended. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !stat.includes(") Z ");
}

test("one process reads many files, and another takes its place before it has read too many", async () => {
  const read = await open({ filesEach: 3 });
  const processes = [await read("/a"), await read("/b"), await read("/c"), await read("/d")];
  expect(processes).toEqual([processes[0], processes[0], processes[0], processes[3]]);
  expect(processes[3]).not.toBe(processes[0]);
});

test("a process that has nothing to read for a while is ended", async () => {
  const read = await open({ idleMs: 1 });
  const pid = await read("/a");
  await expect.poll(() => isRunning(pid)).toBe(false);
  expect(await read("/b")).not.toBe(pid);
});

test.each([
  ["crashes it", "/crash", ExiftoolEnded, 20_000],
  ["takes too long", "/hang", "no answer within 0.3 s", 300],
  ["has it print too much", "/flood", "printed more than 10000 bytes on standard output", 20_000],
  ["has a name of two lines", "/a\n/b", ExiftoolEnded, 20_000],
])("a file that %s fails alone: the next one has a new process", async (_, path, error, timeoutMs) => {
  const read = await open({ timeoutMs });
  await expect(read(path)).rejects.toThrow(error);
  expect(await read("/next")).toBeGreaterThan(0);
});

test("what an exiftool of a sample prints comes from the one that stays open, or from one of its own if none stays", async () => {
  for (const [program, told] of [
    [PROGRAM, { Process: expect.any(String) as string }],
    ["#!/bin/sh\necho '[{\"Own\":1}]'\n", { Own: "1" }],
  ] as const) {
    const host = { programPath: await folderWith(program), folder: tmpdir() };
    const tools = await findTools(host.programPath);
    const report = await runTools(tools, "/dev/null", { ...host, exiftool: openExiftool(tools, host) });
    expect(report.exiftool).toEqual(told);
  }
});

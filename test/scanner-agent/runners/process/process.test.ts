import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failed, TimedOut, Unavailable, type Runner } from "../../../../scanner-agent/contract.js";
import { parseYara } from "../../../../scanner-agent/parsers/yara.js";
import { isRunning } from "../../../../scanner-agent/processes/process-table.js";
import { LIMITS } from "../../../../scanner-agent/runners/process/fence.js";
import { createProcessRunner } from "../../../../scanner-agent/runners/process/process.js";
import { projectPath } from "../../../../schema/paths.js";
import { until } from "../../stage/bus-stage.js";
import { pathOnly, runOptions, sampleFile } from "../samples.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-process-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function shell(script: string, maxOutput?: number): Runner {
  const command = ["sh", "-c", script, "sh", "{file}", "{sha256}"];
  const more = maxOutput === undefined ? {} : { limits: { ...LIMITS, output: maxOutput } };
  return createProcessRunner({
    command,
    detect: "sh",
    version: ["sh", "-c", "echo 'tool 1.2'; echo more"],
    folder,
    programPath: "",
    ...more,
  });
}

describe("a program run per sample", () => {
  test("gets the sample's path and hashes, and its whole output is brought back", async () => {
    const sample = await sampleFile(folder, Buffer.from("the sample"));
    const raw = await shell('cat "$1"; echo; echo "$2" >&2; exit 3').run(sample, runOptions());
    expect(raw).toEqual({ exitCode: 3, stdout: "the sample\n", stderr: `${sample.sha256}\n` });
  });

  test("sees neither the agent's environment nor its folder, and leaves nothing behind", async () => {
    const raw = await shell("touch left-over; env; pwd").run(pathOnly("/x"), runOptions());
    const names = raw.stdout.split("\n").map((line) => line.split("=", 1)[0]);
    expect(names).not.toContain("VITEST");
    expect(raw.stdout).toContain(`HOME=${folder}/run-`);
    expect(await readdir(folder)).toEqual([]);
  });

  test("that exits 1 with garbage is failed", async () => {
    const raw = await shell("echo 'gar\\0bage{'; exit 1").run(pathOnly("/x"), runOptions());
    expect(parseYara(raw)).toMatchObject({ state: "FAILED", verdict: null });
  });

  test("that is killed is failed", async () => {
    const raw = await shell("kill -9 $$").run(pathOnly("/x"), runOptions());
    expect(raw.exitCode).toBe(137);
    expect(parseYara(raw)).toMatchObject({ state: "FAILED" });
  });

  test("that prints too much is failed, not parsed", async () => {
    await expect(shell("yes", 100_000).run(pathOnly("/x"), runOptions())).rejects.toThrow(
      new Failed("printed more than 100000 bytes on standard output (limits.output)"),
    );
  });

  test("that takes too long is ended with everything it started", async () => {
    const pidFile = join(folder, "pid");
    await expect(
      shell(`trap '' TERM; sleep 600 & echo $! > ${pidFile}; wait; sleep 600`).run(
        pathOnly("/x"),
        runOptions({ timeoutMs: 500 }),
      ),
    ).rejects.toThrow(TimedOut);
    await gone(pidFile);
  });

  test("that leaves a process behind is done when it ends itself", async () => {
    const pidFile = join(folder, "pid");
    const raw = await shell(`sleep 600 & echo $! > ${pidFile}; echo done`).run(pathOnly("/x"), runOptions());
    expect(raw).toMatchObject({ exitCode: 0, stdout: "done\n" });
    await gone(pidFile);
  });

  test("is unavailable if it cannot be run, and says why", async () => {
    const reason = (detect: string) =>
      createProcessRunner({ command: [detect], detect, version: undefined, folder, programPath: "" })
        .start()
        .catch((error: unknown) => error);
    const plain = join(folder, "plain-file");
    await writeFile(plain, "#!/bin/sh\n", { mode: 0o644 });
    expect(await reason("no-such-scanner")).toEqual(new Unavailable("no-such-scanner is not installed"));
    expect(await reason(`${plain}-gone`)).toEqual(new Unavailable(`there is no file ${plain}-gone`));
    expect(await reason(plain)).toEqual(new Unavailable(`${plain} may not be executed by this user (chmod +x)`));
    expect(await reason(folder)).toEqual(new Unavailable(`${folder} is not a file`));
    expect(await reason("bin/scanner")).toEqual(new Unavailable("bin/scanner is not an absolute path"));
  });

  test("tells its version on its first line", async () => {
    expect(await shell("true").versions()).toEqual({ engine: "tool 1.2", signatures: null, signatureDate: null });
  });
});

test("a guarded program ends when the process that started it is killed", async () => {
  const pidFile = join(folder, "pid");
  const guard = projectPath("dist", "development", "scanner-agent", "runners", "process", "guard.js");
  const script = `import { spawnGuarded } from ${JSON.stringify(guard)};
    spawnGuarded(["sh", "-c", "echo $$ > ${pidFile}; exec sleep 600"], { cwd: "/", env: { PATH: "/usr/bin:/bin" } });`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
  const pid = await until("the program runs", () => pidIn(pidFile));
  owner.kill("SIGKILL");
  expect(await until("the program is gone", async () => !(await isRunning(pid, null)))).toBe(true);
});

async function gone(pidFile: string): Promise<void> {
  const pid = await until("its id is known", () => pidIn(pidFile));
  await until("it is gone", async () => !(await isRunning(pid, null)));
}

async function pidIn(file: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(file, "utf8"), 10) || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

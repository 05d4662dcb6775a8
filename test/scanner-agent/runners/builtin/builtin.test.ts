import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failed, TimedOut, Unavailable, type Runner } from "../../../../scanner-agent/contract.js";
import { createBuiltinRunner, type BuiltinOptions } from "../../../../scanner-agent/runners/builtin/builtin.js";
import { noFence } from "../../../../scanner-agent/runners/process/fence.js";
import { pathOnly, runOptions } from "../samples.js";

const file = fileURLToPath(new URL("./puppet-worker.mjs", import.meta.url));
const log = pino({ level: "silent" });

let folder: string;
const runners: Runner[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-builtin-"));
});

afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  await rm(folder, { recursive: true, force: true });
});

function runner(more: Partial<BuiltinOptions> = {}): Runner {
  const made = createBuiltinRunner({ file, data: {}, folder, log, ...more });
  runners.push(made);
  return made;
}

async function scan(on: Runner, path: string, options = runOptions()): Promise<Record<string, unknown>> {
  const raw = await on.run(pathOnly(path), options);
  expect(raw.exitCode).toBe(0);
  return JSON.parse(raw.stdout) as Record<string, unknown>;
}

describe("an engine in worker threads", () => {
  test("answers, in a process of its own that all its workers share", async () => {
    const on = runner();
    await on.start();
    const [one, two] = await Promise.all([scan(on, "hello"), scan(on, "hello")]);
    expect(one).toMatchObject({ path: "hello", pid: two?.["pid"] });
    expect(one?.["pid"]).not.toBe(process.pid);
  });

  test("whose process ends fails its sample if that was alone there; of several none is blamed", async () => {
    const on = runner();
    await on.start();
    await expect(scan(on, "kill")).rejects.toThrow(new Failed("its process ended while it scanned the sample"));
    // Two workers that are ready, so that both samples are in the process at once.
    await Promise.all([scan(on, "hello"), scan(on, "hello")]);
    const several = await Promise.allSettled([scan(on, "wait"), scan(on, "kill")]);
    for (const one of several) expect(one).toMatchObject({ status: "rejected", reason: expect.any(Unavailable) as Unavailable });
    expect(await scan(on, "next")).toMatchObject({ path: "next" });
    // Those that ended have left no folder.
    await expect.poll(() => readdir(folder)).toHaveLength(1);
  });

  test("whose process says what no engine says ends it, and fails the sample", async () => {
    const on = runner();
    await on.start();
    await expect(scan(on, "nonsense")).rejects.toThrow(Failed);
    expect(await scan(on, "next")).toMatchObject({ path: "next" });
  });

  test.each(["exit", "throw", "crash", "memory"])("fails a sample that makes its worker %s, and scans the next", async (how) => {
    const on = runner();
    await on.start();
    await expect(scan(on, how)).rejects.toThrow(Failed);
    expect(await scan(on, "next")).toMatchObject({ path: "next" });
  });

  test.each(["spin", "wait"])("ends a worker that takes too long (%s), and scans the next", async (how) => {
    const on = runner();
    await on.start();
    await expect(scan(on, how, runOptions({ timeoutMs: 300 }))).rejects.toThrow(TimedOut);
    expect(await scan(on, "next")).toMatchObject({ path: "next" });
  });

  test("keeps a worker for as many samples as it may have, then takes a new one", async () => {
    const on = runner({ scansPerWorker: 2 });
    await on.start();
    const threads = [];
    for (const path of ["one", "two", "three", "four", "five"]) threads.push((await scan(on, path))["thread"]);
    const [first, , second, , third] = threads;
    expect(threads).toEqual([first, first, second, second, third]);
    expect(new Set(threads).size).toBe(3);
  });

  test("ends a worker when it is told to", async () => {
    const on = runner();
    const ending = new AbortController();
    const running = scan(on, "wait", runOptions({ signal: ending.signal }));
    ending.abort(new Error("stopping"));
    await expect(running).rejects.toThrow("stopping");
  });

  test("is unavailable, with the reason, if it cannot be made ready", async () => {
    await expect(runner({ data: { refuse: true } }).start()).rejects.toThrow(new Unavailable("it cannot be made ready"));
  });

  test("is made ready anew when its rules change", async () => {
    let print = "one";
    const data = { version: "1" };
    const on = runner({ data, sources: () => Promise.resolve(print) });
    expect(await on.versions()).toMatchObject({ engine: "1" });
    data.version = "2";
    expect(await on.versions()).toMatchObject({ engine: "1" });
    print = "two";
    expect(await on.versions()).toMatchObject({ engine: "2" });
  });
});

describe("the fingerprint", () => {
  test("is there once workers are ready, and is another after they were made ready anew", async () => {
    let print = "one";
    const data = { version: "1" };
    const on = runner({ data, sources: () => Promise.resolve(print) });
    expect(await on.fingerprint?.()).toBeNull();
    await on.start();
    const before = await on.fingerprint?.();
    await scan(on, "hello");
    expect(await on.fingerprint?.()).toBe(before);
    [print, data.version] = ["two", "2"];
    expect(await on.fingerprint?.()).toBe(before);
    await on.versions();
    expect(await on.fingerprint?.()).not.toBe(before);
  });

  test("of workers that use their sources at each scan is unknown from a change on until they are made ready anew", async () => {
    let print: string | null = "one";
    const on = runner({ sources: () => Promise.resolve(print), readsSourcesWhileScanning: true });
    await on.start();
    const before = await on.fingerprint?.();
    expect(before).not.toBeNull();
    print = "two";
    expect(await on.fingerprint?.()).toBeNull();
    await on.versions();
    expect(await on.fingerprint?.()).not.toBe(before);
    expect(await on.fingerprint?.()).not.toBeNull();
    print = null;
    await on.versions();
    expect(await on.fingerprint?.()).toBeNull();
  });
});

test("a host without a fence is told of in the engine's description and in a warning", async () => {
  const on = runner({ fence: () => Promise.resolve(noFence) });
  await on.start();
  expect(on.description).toBe("builtin (isolation: none)");
  expect(on.warnings?.()).toEqual([expect.stringContaining("could reach the network")]);
});

describe("a fence that the process does not start in", () => {
  const failing = (isFailing: () => boolean) => () =>
    Promise.resolve({ ...noFence, description: "a fence", wrap: (argv: readonly string[]) => (isFailing() ? ["false"] : argv) });

  test("is done without, and that is told", async () => {
    const on = runner({ fence: failing(() => true) });
    await on.start();
    expect(on.description).toBe("builtin (isolation: none)");
  });

  test("is not done without where it has held before", async () => {
    let isFailing = false;
    const on = runner({ fence: failing(() => isFailing) });
    await on.start();
    isFailing = true;
    await expect(scan(on, "hello", runOptions({ alone: true }))).rejects.toThrow(Unavailable);
    expect(on.description).toBe("builtin (a fence)");
    isFailing = false;
    expect(await scan(on, "hello", runOptions({ alone: true }))).toMatchObject({ path: "hello" });
  });
});

describe("a sample that runs alone", () => {
  test("is in a process of its own", async () => {
    const answer = await scan(runner(), "hello", runOptions({ alone: true }));
    expect(answer["pid"]).not.toBe(process.pid);
  });

  test.each(["abort", "kill", "exit", "throw"])("fails if it makes that process %s, and the agent lives on", async (how) => {
    await expect(scan(runner(), how, runOptions({ alone: true }))).rejects.toThrow(Failed);
  });

  test("is ended after its time", async () => {
    await expect(scan(runner(), "spin", runOptions({ alone: true, timeoutMs: 500 }))).rejects.toThrow(TimedOut);
  });
});

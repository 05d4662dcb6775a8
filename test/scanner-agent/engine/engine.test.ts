import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { done, Failed, notDone, Unavailable, type Outcome, type Runner } from "../../../scanner-agent/contract.js";
import { createEngine, type Engine, type EngineParts } from "../../../scanner-agent/engine/engine.js";
import { EnginePresence } from "../../../schema/presence.js";
import type { SelfTest } from "../../../scanner-agent/engine/self-test.js";
import { until } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";
import { pathOnly, runOptions } from "../runners/samples.js";

const CLEAN = done("CLEAN", null, null);
const passes: SelfTest = () => Promise.resolve([]);
const engines: Engine[] = [];

afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.stop())));

function engineOf(
  parts: EngineParts,
  selfTest: SelfTest = passes,
  onChange: () => void = () => undefined,
  retestMs = 40,
): Engine {
  const engine = createEngine(parts, { selfTest, retestMs, log: pino({ level: "silent" }), onChange });
  engines.push(engine);
  return engine;
}

function withRunner(runner: Partial<Runner>, run: () => Promise<Outcome> = () => Promise.resolve(CLEAN)): EngineParts {
  return puppet("Engine", run, { runner });
}

const scan = (engine: Engine) => engine.scan(pathOnly("/x"), runOptions());

describe("an engine", () => {
  test("is unhealthy until it is tested", async () => {
    const engine = engineOf(withRunner({}));
    expect(engine.takesWork()).toBe(false);
    expect(engine.presence()).toMatchObject({ healthy: false, reason: "it is starting" });
    await engine.start();
    expect(engine.takesWork()).toBe(true);
    expect(engine.presence()).toMatchObject({ healthy: true, reason: null });
  });

  test("that is stopped while it starts is stopped again when it has started", async () => {
    const starting = gate();
    const calls: string[] = [];
    const engine = engineOf(
      withRunner({
        async start() {
          calls.push("start");
          await starting.opened;
          calls.push("started");
        },
        stop: () => Promise.resolve(void calls.push("stop")),
      }),
    );
    const started = engine.start();
    await until("it starts", async () => calls.includes("start"));
    const stopped = engine.stop();
    await until("it is stopped", async () => calls.includes("stop"));
    starting.open();
    await Promise.all([started, stopped]);
    expect(calls).toEqual(["start", "stop", "started", "stop"]);
  });

  test("ends all its ways to run although one of them cannot be ended", async () => {
    const stopped: string[] = [];
    const parts = withRunner({
      stop() {
        throw new Error("its container is busy");
      },
    });
    const [first] = parts.runners;
    if (first === undefined) throw new Error("a puppet has one way to run");
    const second = { ...first, stop: async () => void stopped.push("second") };
    await engineOf({ ...parts, runners: [first, second] }).stop();
    expect(stopped).toEqual(["second"]);
  });

  test("that cannot start says why, takes no work, and recovers by itself", async () => {
    let missing = true;
    const engine = engineOf(
      withRunner({ start: () => (missing ? Promise.reject(new Unavailable("clamd is not installed")) : Promise.resolve()) }),
    );
    await engine.start();
    expect(engine.presence()).toMatchObject({ healthy: false, reason: "clamd is not installed" });
    expect(engine.takesWork()).toBe(false);
    missing = false;
    await until("it recovers", async () => engine.takesWork());
  });

  test.each([new Unavailable("no"), new TypeError("unexpected")])("uses the first way to run that works (%s)", async (error) => {
    const parts = withRunner({ start: () => Promise.reject(error), description: "first" });
    const second = withRunner({ description: "second" });
    const engine = engineOf({ ...parts, runners: [...parts.runners, ...second.runners] });
    await engine.start();
    expect(engine.presence()).toMatchObject({ healthy: true, runner: "second" });
  });

  test("announces its runner's warnings as far as there is room, and has all of them for the operator", async () => {
    let warnings: string[] = [];
    const engine = engineOf(withRunner({ warnings: () => warnings }));
    await engine.start();
    expect(engine.presence()).toMatchObject({ healthy: true, warnings: [] });
    warnings = ["one", "x".repeat(5000)];
    expect(engine.presence().warnings).toEqual(["one", `${"x".repeat(299)}…`]);
    warnings = Array.from({ length: 500 }, (_, n) => `warning ${n}`);
    expect(engine.warnings()).toHaveLength(500);
    const announced = EnginePresence.parse(engine.presence()).warnings;
    expect(announced).toHaveLength(32);
    expect(announced.at(-1)).toBe("469 more; `npm run agent -- doctor` lists all of them");
  });

  test("announces what its self-test says that it keeps silent about", async () => {
    const engine = engineOf(withRunner({ warnings: () => ["a file"] }), () => Promise.resolve(["an archive"]));
    await engine.start();
    expect(engine.warnings()).toEqual(["a file", "an archive"]);
    expect(engine.presence()).toMatchObject({ healthy: true, warnings: ["a file", "an archive"] });
  });

  test("that fails its self-test takes no work", async () => {
    const engine = engineOf(withRunner({}), () => Promise.reject(new Unavailable("self-test: it does not find EICAR")));
    await engine.start();
    expect(engine.presence()).toMatchObject({ healthy: false, reason: "self-test: it does not find EICAR" });
  });

  test("says FAULT only once a test has failed: until then it is being started, as when what it needs is away", async () => {
    let trouble: Unavailable | undefined;
    const engine = engineOf(withRunner({ start: () => (trouble ? Promise.reject(trouble) : Promise.resolve()) }));
    expect(engine.presence().cause).toBe("STARTING");
    await engine.start();
    expect(engine.presence().cause).toBeNull();
    engine.suspend("it has ended");
    expect(engine.presence()).toMatchObject({ cause: "STARTING", reason: "it has ended" });
    trouble = new Unavailable("Docker is away", { isPassing: true });
    await engine.test();
    expect(engine.presence()).toMatchObject({ cause: "STARTING", reason: "Docker is away" });
    trouble = new Unavailable("the program is gone");
    await until("its test has failed", async () => engine.presence().cause === "FAULT");
    engine.suspend("and its disk is full");
    expect(engine.presence().cause, "what is broken stays so until it works").toBe("FAULT");
  });

  test("is tested again after an update of its signatures", async () => {
    let signatures = "1";
    let tests = 0;
    const engine = engineOf(
      withRunner({ versions: () => Promise.resolve({ engine: "1", signatures, signatureDate: null }) }),
      () => {
        tests += 1;
        return Promise.resolve([]);
      },
    );
    await engine.start();
    expect(tests).toBe(1);
    signatures = "2";
    await until("it is tested again", async () => tests === 2);
    await until("its new version is told", async () => engine.presence().versions.signatures === "2");
  });

  test("tells the versions that its output states, and those of its runner for the rest", async () => {
    const told = { engine: "image 1", signatures: "7", signatureDate: null };
    const outcome = { ...CLEAN, versions: { engine: "13.0", signatures: null, signatureDate: "2019-07-08T00:00:00.000Z" } };
    const engine = engineOf(withRunner({ versions: () => Promise.resolve(told) }, () => Promise.resolve(outcome)));
    await engine.start();
    expect(engine.versions()).toEqual(told);
    const versions = { engine: "13.0", signatures: "7", signatureDate: "2019-07-08T00:00:00.000Z" };
    expect((await scan(engine)).versions).toEqual(versions);
    expect(engine.presence().versions).toEqual(versions);
  });

  test("says of each answer what gave it, whatever has taken its place meanwhile, and what it printed itself", async () => {
    const versions = (engine: string) => ({ engine, signatures: null, signatureDate: null });
    const image = (id: string) => ({ id, digest: null });
    const [old, next] = [1, 2].map((n) => ({ versions: versions(`${n}`), image: image(`sha256:${n}`) }));
    const given = [old, next, old, next];
    const { opened, open } = gate();
    let runs = 0;
    const printed: Outcome[] = [{ ...CLEAN, versions: { ...versions("1.0"), signatures: "of 1" } }];
    const engine = engineOf({
      ...withRunner({
        async run(_, { onStart }) {
          const by = given[runs++];
          if (by === undefined) throw new Error("it was run too often");
          onStart?.(by);
          if (by === old) await opened;
          return { exitCode: 0, stdout: "", stderr: "" };
        },
      }),
      parse: () => printed.shift() ?? notDone("FAILED", "ENGINE_ERROR", "it printed nothing"),
    });
    await engine.start();
    const first = scan(engine);
    const second = await scan(engine);
    open();
    expect(await first).toMatchObject({ versions: versions("1"), image: image("sha256:1") });
    // The first output that was read is the second's.
    expect(second).toMatchObject({ versions: { engine: "1.0", signatures: "of 1" }, image: image("sha256:2") });
    expect(await scan(engine)).toMatchObject({ state: "FAILED", versions: versions("1"), image: image("sha256:1") });
    expect(await scan(engine)).toMatchObject({ state: "FAILED", versions: { engine: "1.0", signatures: "of 1" } });
  });

  test("is tested again as soon as its runner gives samples to something else", async () => {
    let signatures = "1";
    let tests = 0;
    let replaced: () => void = () => undefined;
    const versions = () => Promise.resolve({ engine: "1", signatures, signatureDate: null });
    const engine = engineOf(
      withRunner({ versions, onReplaced: (listener) => void (replaced = listener) }),
      () => {
        tests += 1;
        return Promise.resolve([]);
      },
      undefined,
      3_600_000,
    );
    await engine.start();
    expect(tests).toBe(1);
    signatures = "2";
    replaced();
    await until("it is tested", async () => tests === 2);
    await until("its new version is told", async () => engine.presence().versions.signatures === "2");
  });

  test("is tested again after three failures in a row, and takes no work if that fails", async () => {
    let broken = false;
    let tests = 0;
    const selfTest = () => {
      tests += 1;
      return broken ? Promise.reject(new Unavailable("still broken")) : Promise.resolve([]);
    };
    const run = () => (broken ? Promise.reject(new Failed("exit status 1")) : Promise.resolve(CLEAN));
    const engine = engineOf(withRunner({}, run), selfTest);
    await engine.start();
    broken = true;
    await scan(engine);
    await scan(engine);
    broken = false;
    expect((await scan(engine)).state).toBe("DONE");
    broken = true;
    await scan(engine);
    await scan(engine);
    expect(tests).toBe(1);
    expect((await scan(engine)).state).toBe("FAILED");
    expect(engine.takesWork()).toBe(false);
    await until("it is unhealthy", async () => engine.presence().reason === "still broken");
    broken = false;
    await until("it recovers", async () => engine.takesWork());
  });

  test("that says it could not scan all of something has not failed", async () => {
    const engine = engineOf(withRunner({}, () => Promise.resolve(notDone("UNSCANNED", "ENCRYPTED", "encrypted"))));
    await engine.start();
    for (let n = 0; n < 5; n++) await scan(engine);
    expect(engine.takesWork()).toBe(true);
  });

  test("whose daemon ended tells so at once, and recovers", async () => {
    let lose: (reason: string) => void = () => undefined;
    const told: (string | null)[] = [];
    const engine: Engine = engineOf(withRunner({ onLost: (listener) => void (lose = listener) }), passes, () =>
      told.push(engine.presence().reason),
    );
    await engine.start();
    lose("clamd ended");
    expect(told.at(-1)).toBe("clamd ended");
    await until("it recovers", async () => engine.takesWork());
  });

  test("that is unavailable during a scan hands it back and is unhealthy", async () => {
    const engine = engineOf(withRunner({}, () => Promise.reject(new Unavailable("clamd does not listen"))));
    await engine.start();
    await expect(scan(engine)).rejects.toThrow(Unavailable);
    expect(engine.presence()).toMatchObject({ healthy: false, reason: "clamd does not listen" });
  });

  test("suspended for an obstacle stays so until it is gone", async () => {
    let gone = false;
    let asked = 0;
    const engine = engineOf(withRunner({}));
    await engine.start();
    engine.suspend("samples cannot be fetched", async () => {
      asked += 1;
      if (!gone) throw new Unavailable("the disk is full");
    });
    await until("it asked twice", async () => asked >= 2);
    expect(engine.presence()).toMatchObject({ healthy: false, reason: "the disk is full" });
    gone = true;
    await until("it recovers", async () => engine.takesWork());
  });
});

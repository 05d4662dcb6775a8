import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { done, Unavailable, type Outcome, type Runner } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import type { SelfTest } from "../../../scanner-agent/engine/self-test.js";
import { createSwitchingEngine, type SwitchingEngine } from "../../../scanner-agent/engine/switching-engine.js";
import { pathOnly, runOptions } from "../runners/samples.js";
import { until } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

const passes: SelfTest = () => Promise.resolve([]);
const engines: SwitchingEngine[] = [];
afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.stop())));

const provisionOf = (key: string): Provision => ({
  bundles: [{ set: "main", digest: key.repeat(64).slice(0, 64) }],
  key,
  folder: `/bundles/${key}`,
  positives: [],
  image: null,
});
const [A, B, C] = ["a", "b", "c"].map(provisionOf) as [Provision, Provision, Provision];

/** An engine that answers what it is made of, and counts what becomes of each that is made. */
function exchangeable(
  more: { start?: (key: string) => Promise<void>; scan?: (key: string) => Promise<void>; faults?: () => string[] } = {},
) {
  const calls: string[] = [];
  const make = (provision: Provision | null): EngineParts => {
    const key = provision?.key ?? "host";
    const runner: Partial<Runner> = {
      async start() {
        calls.push(`start ${key}`);
        await more.start?.(key);
      },
      versions: () => Promise.resolve({ engine: "1", signatures: key, signatureDate: null }),
      stop: () => Promise.resolve(void calls.push(`stop ${key}`)),
      faults: more.faults ?? (() => []),
      ignore: (names) => Promise.resolve(void calls.push(`ignore ${key} ${names.join(" ")}`)),
    };
    const run = async (): Promise<Outcome> => {
      await more.scan?.(key);
      return done("CLEAN", null, null);
    };
    return { ...puppet("Engine", run, { slots: 2, runner }), remake: make };
  };
  let changes = 0;
  const host = { selfTest: passes, retestMs: 60_000, log: pino({ level: "silent" }), onChange: () => (changes += 1) };
  const engine = createSwitchingEngine(make(null), host);
  engines.push(engine);
  const switchTo = (provision: Provision | null, beside = true, trial = passes, signal = new AbortController().signal) =>
    engine.switchTo?.(provision, { beside, trial, signal }) ?? Promise.reject(new Error("it takes no bundles"));
  return { engine, calls, switchTo, changes: () => changes };
}

const scan = (engine: SwitchingEngine) => engine.scan(pathOnly("/x"), runOptions());
const fails: SelfTest = () => Promise.reject(new Unavailable("self-test: it does not find EICAR"));

describe("a candidate beside what serves", () => {
  test("takes its place between two samples; those that run end where they are, and say so", async () => {
    const held = gate();
    const { engine, calls, switchTo } = exchangeable({ scan: (key) => (key === "host" ? held.opened : Promise.resolve()) });
    await engine.start();
    await engine.ignore(["Bad.Signature"]);
    engine.refuse("not now");
    const running = scan(engine);
    const trial: SelfTest = async () => {
      expect((await engine.presence()).versions.signatures, "what served before serves").toBe("host");
      return [];
    };
    await switchTo(A, true, trial);
    expect(engine.presence()).toMatchObject({ versions: { signatures: "a" }, healthy: false, reason: "not now" });
    engine.refuse(null);
    expect(engine.takesWork()).toBe(true);
    expect(await scan(engine)).toMatchObject({ versions: { signatures: "a" } });
    expect(calls, "a sample is in it").not.toContain("stop host");
    held.open();
    expect(await running).toMatchObject({ state: "DONE", versions: { signatures: "host" } });
    await until("what served before is stopped", async () => calls.includes("stop host"));
    expect(calls).toContain("ignore a Bad.Signature");
    await switchTo(null);
    expect(engine.presence().versions.signatures).toBe("host");
  });

  test.each<[string, (key: string) => Promise<void>, SelfTest]>([
    ["does not start", (key) => (key === "host" ? Promise.resolve() : Promise.reject(new Unavailable("it is broken"))), passes],
    ["fails its test", () => Promise.resolve(), fails],
  ])("that %s changes nothing, and is stopped", async (_, start, trial) => {
    const { engine, calls, switchTo } = exchangeable({ start });
    await engine.start();
    await expect(switchTo(A, true, trial)).rejects.toThrow(/it is broken|does not find EICAR/);
    expect(engine.presence()).toMatchObject({ healthy: true, versions: { signatures: "host" } });
    expect(calls.filter((call) => call.startsWith("stop"))).toEqual(["stop a"]);
  });

  test("that hangs is ended as soon as it is wanted no more", async () => {
    const never = gate();
    const { engine, calls, switchTo } = exchangeable({ start: (key) => (key === "a" ? never.opened : Promise.resolve()) });
    await engine.start();
    const ending = new AbortController();
    const switching = switchTo(A, true, passes, ending.signal);
    await until("it starts", async () => calls.includes("start a"));
    ending.abort(new Error("another order has come"));
    never.open();
    await expect(switching).rejects.toThrow("another order has come");
    await switchTo(B);
    expect(engine.presence().versions.signatures).toBe("b");
    expect(calls).toContain("stop a");
  });
});

describe("a candidate that cannot use all files of its bundles", () => {
  const faults = () => ["/bundles/a/own.yar:3: rule Broken: it does not compile"];

  test("fails, with file and line; of what its host has that is its host's matter", async () => {
    const { engine, calls, switchTo } = exchangeable({ faults });
    await engine.start();
    const reason = "self-test: not all files of its bundles can be used: own.yar:3: rule Broken: it does not compile";
    for (const beside of [true, false]) await expect(switchTo(A, beside)).rejects.toThrow(reason);
    expect(engine.presence()).toMatchObject({ healthy: true, versions: { signatures: "host" } });
    expect(calls).toContain("stop a");
    await switchTo(null);
    await switchTo(B);
    expect(engine.presence().versions.signatures).toBe("b");
  });
});

describe("a candidate in turn", () => {
  test("is started once what served has finished and ended; meanwhile the engine takes nothing, and says why", async () => {
    const held = gate();
    const { engine, calls, switchTo, changes } = exchangeable({
      scan: (key) => (key === "host" ? held.opened : Promise.resolve()),
    });
    await engine.start();
    const running = scan(engine);
    const before = changes();
    const switching = switchTo(A, false);
    expect(engine.takesWork()).toBe(false);
    expect(engine.presence()).toMatchObject({ healthy: false, cause: "STARTING", reason: /updated/ });
    expect(changes()).toBeGreaterThan(before);
    await expect(scan(engine)).rejects.toThrow(Unavailable);
    expect(calls).not.toContain("stop host");
    held.open();
    expect(await running).toMatchObject({ versions: { signatures: "host" } });
    await switching;
    expect(calls.filter((call) => !call.startsWith("ignore"))).toEqual(["start host", "stop host", "start a"]);
    expect(engine.presence()).toMatchObject({ healthy: true, versions: { signatures: "a" } });
  });

  test("that fails brings back what served before", async () => {
    const { engine, calls, switchTo } = exchangeable();
    await engine.start();
    await switchTo(A);
    await expect(switchTo(B, false, fails)).rejects.toThrow("does not find EICAR");
    expect(calls.filter((call) => !call.startsWith("ignore")).slice(-4)).toEqual(["stop a", "start b", "stop b", "start a"]);
    expect(engine.presence()).toMatchObject({ healthy: true, versions: { signatures: "a" } });
    expect(await scan(engine)).toMatchObject({ versions: { signatures: "a" } });
  });
});

describe("an engine that is stopped while a candidate is tried out", () => {
  test.each([true, false])("stops both (beside: %s)", async (beside) => {
    const never = gate();
    const { engine, calls, switchTo } = exchangeable({ start: (key) => (key === "c" ? never.opened : Promise.resolve()) });
    await engine.start();
    const switching = switchTo(C, beside);
    switching.catch(() => undefined);
    await until("it starts", async () => calls.includes("start c"));
    const stopped = engine.stop();
    never.open();
    await stopped;
    await expect(switching).rejects.toThrow("the engine is being stopped");
    await until("both are stopped", async () => calls.includes("stop c") && calls.includes("stop host"));
    expect(
      calls.filter((call) => call === "start host"),
      "it is not brought back",
    ).toHaveLength(1);
  });
});

import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { done, Failed, TimedOut, type Outcome, type Sample } from "../../../scanner-agent/contract.js";
import { MAX_RESULT_BYTES } from "../../../schema/messages.js";
import { SCANS } from "../../../schema/subjects.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage, withoutResults } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

const CLEAN = done("CLEAN", null, null);
let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

describe("an answer", () => {
  test("is stored by the bus before its request is acknowledged", async () => {
    const engine = puppet("Ordered", () => Promise.resolve(CLEAN));
    await agentWith(engine);
    const order: string[] = [];
    const watch = stage.nc.subscribe(">", {
      callback: (_, message) => {
        if (message.subject === "result.ordered") order.push("result");
        if (message.subject.startsWith(`$JS.ACK.${SCANS}.ordered.`) && message.string() === "+ACK") order.push("ack");
      },
    });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Ordered"]);
    await stage.request(engine.manifest, request);
    await until("it is acknowledged", async () => order.includes("ack"));
    expect(order).toEqual(["result", "ack"]);
    watch.unsubscribe();
  });

  test("that the bus cannot store is not acknowledged, and is stored when it can be", async () => {
    const engine = puppet("Patient", () => Promise.resolve(CLEAN));
    await agentWith(engine);
    await withoutResults(stage, async () => {
      const request = requestOf(await stage.store(Buffer.from("x")), ["Patient"]);
      await stage.request(engine.manifest, request);
      await stage.answer("Patient", request.scan);
      expect((await stage.pending("Patient")).acks).toBe(1);
    });
    await until("it is acknowledged", async () => (await stage.pending("Patient")).acks === 0);
  });

  test("that the bus never takes is given up after a while, and its request handed back", async () => {
    let runs = 0;
    const engine = puppet("Refused", () => {
      runs += 1;
      return Promise.resolve(CLEAN);
    });
    await agentWith(engine, {}, { publishMs: 0 });
    await withoutResults(stage, async () => {
      const request = requestOf(await stage.store(Buffer.from("x")), ["Refused"]);
      await stage.request(engine.manifest, request);
      await until("it runs again", async () => runs === 2);
    });
    expect(await until("it is acknowledged", async () => (await stage.pending("Refused")).acks === 0)).toBe(true);
  });

  test("carries verdict, versions, agent and times", async () => {
    const engine = puppet("Telling", () => Promise.resolve(done("INFECTED", "Bad.Thing", { found: ["it"] })));
    const { config } = await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Telling"]);
    await stage.request(engine.manifest, request);
    const result = await stage.answer("Telling", request.scan);
    expect(result).toMatchObject({
      agent: config.agent,
      state: "DONE",
      verdict: "INFECTED",
      signature: "Bad.Thing",
      details: { found: ["it"] },
      versions: { engine: "1" },
    });
    expect(result.startedAt).not.toBeNull();
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
  });

  test("carries the versions that its engine had when it began, whatever is loaded meanwhile", async () => {
    const { opened, open } = gate();
    const versions = { engine: "1", signatures: "of yesterday", signatureDate: null };
    const engine = puppet("Updated", () => opened.then(() => CLEAN), { runner: { versions: async () => ({ ...versions }) } });
    const { config } = await agentWith(engine, { SCANMESH_RETEST: "50ms" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Updated"]);
    await stage.request(engine.manifest, request);
    const announced = async () => (await stage.presence(config.agent))?.engines[0];
    await until("it runs", async () => (await announced())?.busy === 1);
    versions.signatures = "of today";
    await until("they are loaded", async () => (await announced())?.versions.signatures === "of today");
    open();
    expect(await stage.answer("Updated", request.scan)).toMatchObject({ versions: { signatures: "of yesterday" } });
  });

  test("that is too large is cut and says so", async () => {
    const engine = puppet("Verbose", () => Promise.resolve(done("CLEAN", null, { text: "x".repeat(2 * MAX_RESULT_BYTES) })));
    await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Verbose"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Verbose", request.scan)).toMatchObject({ truncated: true, verdict: "CLEAN" });
  });

  test("that takes a while is announced as SCANNING first", async () => {
    const { opened, open } = gate();
    const engine = puppet("Slow", async () => opened.then(() => CLEAN));
    await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Slow"]);
    await stage.request(engine.manifest, request);
    await until("it is announced", async () =>
      stage.results.some(({ result }) => result.scan === request.scan && result.state === "SCANNING"),
    );
    open();
    expect(await stage.answer("Slow", request.scan)).toMatchObject({ state: "DONE" });
  });

  test("that takes longer than ack_wait is given once all the same", async () => {
    let runs = 0;
    const { opened, open } = gate();
    const engine = puppet("Long", async () => {
      runs += 1;
      await opened;
      return CLEAN;
    });
    await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Long"]);
    await stage.request(engine.manifest, request);
    let kept = 0;
    const watch = stage.nc.subscribe(`$JS.ACK.${SCANS}.long.>`, {
      callback: (_, message) => void (kept += message.string() === "+WPI" ? 1 : 0),
    });
    // Each is sent a third of ack_wait after the one before: five are longer than ack_wait.
    await until("it was kept five times", async () => kept >= 5);
    open();
    await stage.answer("Long", request.scan);
    await until("it is acknowledged", async () => (await stage.pending("Long")).acks === 0);
    expect(runs).toBe(1);
    watch.unsubscribe();
  });
});

describe("an engine that", () => {
  const outcomes: [string, () => Promise<Outcome>, Partial<Outcome>][] = [
    ["fails", () => Promise.reject(new Failed("exit status 1")), { state: "FAILED", verdict: null, error: "exit status 1" }],
    [
      "takes too long",
      () => Promise.reject(new TimedOut(2_000)),
      { state: "TIMEOUT", verdict: null, error: "no answer within 2 s" },
    ],
  ];
  test.each(outcomes)("%s is never clean, and its slot is free again", async (how, run, expected) => {
    let broken = true;
    const name = `Broken-${how.replaceAll(" ", "-")}`;
    const engine = puppet(name, () => (broken ? run() : Promise.resolve(CLEAN)), { slots: 1 });
    await agentWith(engine);
    const sample = await stage.store(Buffer.from("x"));
    const [first, second] = [requestOf(sample, [name]), requestOf(sample, [name])];
    await stage.request(engine.manifest, first);
    expect(await stage.answer(name, first.scan)).toMatchObject(expected);
    broken = false;
    await stage.request(engine.manifest, second);
    expect(await stage.answer(name, second.scan)).toMatchObject({ state: "DONE" });
  });

  test("looks at hashes is given no bytes, and needs none to be there", async () => {
    const given: Sample[] = [];
    const engine = puppet(
      "Hashes",
      (sample) => {
        given.push(sample);
        return Promise.resolve(done(null, null, null));
      },
      { input: "hash" },
    );
    await agentWith(engine);
    const sample = { ...(await stage.store(Buffer.from("x"))), blob: null };
    const request = requestOf(sample, ["Hashes"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Hashes", request.scan)).toMatchObject({ state: "DONE" });
    expect(given).toMatchObject([{ path: null, sha256: sample.sha256 }]);
  });

  test("is shared by two agents does each scan once", async () => {
    const seen: string[] = [];
    const engineOf = (id: string) =>
      puppet(
        "Shared",
        async () => {
          seen.push(id);
          await pause(5);
          return CLEAN;
        },
        { slots: 1 },
      );
    const engine = engineOf("one");
    await agentWith(engine);
    await agentWith(engineOf("two"));
    const sample = await stage.store(Buffer.from("x"));
    const requests = Array.from({ length: 40 }, () => requestOf(sample, ["Shared"]));
    for (const request of requests) await stage.request(engine.manifest, request);
    for (const request of requests) await stage.answer("Shared", request.scan);
    expect(seen).toHaveLength(40);
    expect(new Set(seen)).toEqual(new Set(["one", "two"]));
  });
});

import { describe, expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import { SCANS, scanSubject } from "../../../schema/subjects.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

const CLEAN = done("CLEAN", null, null);
let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

describe("a request", () => {
  test("that does not name the engine is acknowledged without a slot", async () => {
    const { opened, open } = gate();
    const engine = puppet("Busy", async () => opened.then(() => CLEAN), { slots: 2 });
    await agentWith(engine);
    const sample = await stage.store(Buffer.from("x"));
    const first = requestOf(sample, ["Busy"]);
    await stage.request(engine.manifest, first);
    for (let n = 0; n < 5; n++) await stage.request(engine.manifest, requestOf(sample, ["Another"]));
    await until("only the named one is open", async () => {
      const { acks, waiting } = await stage.pending("Busy");
      return acks === 1 && waiting === 0;
    });
    open();
    await stage.answer("Busy", first.scan);
    expect(stage.results.filter(({ engine: name }) => name === "busy").every(({ result }) => result.scan === first.scan)).toBe(
      true,
    );
  });

  test("that cannot be read is ended and the next one is scanned", async () => {
    const engine = puppet("Reader", () => Promise.resolve(CLEAN));
    await agentWith(engine);
    await stage.nc.jetstream().publish(scanSubject("FAST", "isolated"), "not JSON");
    const request = requestOf(await stage.store(Buffer.from("x")), ["Reader"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Reader", request.scan)).toMatchObject({ state: "DONE" });
    await until("nothing is open", async () => (await stage.pending("Reader")).acks === 0);
  });

  test("waits on the bus while every slot is taken", async () => {
    const { opened, open } = gate();
    let at = 0;
    let most = 0;
    const engine = puppet("Narrow", async () => {
      most = Math.max(most, ++at);
      await opened;
      at -= 1;
      return CLEAN;
    });
    await agentWith(engine);
    const sample = await stage.store(Buffer.from("x"));
    const requests = Array.from({ length: 7 }, () => requestOf(sample, ["Narrow"]));
    for (const request of requests) await stage.request(engine.manifest, request);
    await until("both slots are taken", async () => at === 2);
    expect(await stage.pending("Narrow")).toMatchObject({ acks: 2, waiting: 5 });
    open();
    for (const request of requests) await stage.answer("Narrow", request.scan);
    expect(most).toBe(2);
  });

  test("delivered for the third time runs alone, for the sixth it is failed without running", async () => {
    const runs: boolean[] = [];
    const engine = puppet("Deadly", (_, { alone }) => {
      runs.push(alone);
      return Promise.resolve(CLEAN);
    });
    const sample = await stage.store(Buffer.from("x"));
    await stage.makeDurable(engine.manifest);
    const [twice, five] = [requestOf(sample, ["Deadly"]), requestOf(sample, ["Deadly"])];
    const consumer = await stage.nc.jetstream().consumers.get(SCANS, "deadly");
    for (const [request, times] of [
      [twice, 2],
      [five, 5],
    ] as const) {
      await stage.request(engine.manifest, request);
      for (let n = 0; n < times; n++) (await consumer.next())?.nak();
      // The other request is made only after this one is taken.
      if (request === twice) {
        const agent = await agentWith(engine);
        expect(await stage.answer("Deadly", twice.scan)).toMatchObject({ state: "DONE" });
        await agent.stop();
      }
    }
    expect(runs).toEqual([true]);
    await agentWith(engine);
    expect(await stage.answer("Deadly", five.scan)).toMatchObject({
      state: "FAILED",
      error: "ended its agent five times",
      cause: "CRASHED_REPEATEDLY",
      startedAt: null,
    });
    expect(runs).toEqual([true]);
  });
});

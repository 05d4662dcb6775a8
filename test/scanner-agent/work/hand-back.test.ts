import { describe, expect, test } from "vitest";
import { done, Unavailable } from "../../../scanner-agent/contract.js";
import { type AgentState } from "../../../schema/control.js";
import { encodeMessage } from "../../../schema/messages.js";
import { controlSubject, SCANS } from "../../../schema/subjects.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, withoutResults, type BusStage } from "../stage/bus-stage.js";
import { puppet } from "../stage/puppet-engine.js";

const CLEAN = done("CLEAN", null, null);
let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

/** An engine that never ends a sample by itself before it is told so. */
function endless(name: string) {
  const told = { runs: 0, ends: false };
  const engine = puppet(
    name,
    (_, { signal }) =>
      new Promise((resolve, reject) => {
        told.runs += 1;
        if (told.ends) resolve(CLEAN);
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    { slots: 1 },
  );
  return { engine, told };
}

async function order(agent: string, state: AgentState): Promise<void> {
  stage.nc.publish(controlSubject(agent), encodeMessage({ v: 1, kind: "state", state }));
  await until(`it is ${state}`, async () => (await stage.presence(agent))?.state === state);
}

const returnsOf = (scan: number) => stage.returned.filter((one) => one.scan === scan);

describe("a request that is handed back", () => {
  test("by six drains is no suspect: it is scanned as if nothing had been", async () => {
    const { engine, told } = endless("Drained-Often");
    const { config } = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "1ms" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Drained-Often"]);
    await stage.request(engine.manifest, request);
    for (let drains = 1; drains <= 6; drains++) {
      await until("it runs", async () => told.runs === drains);
      await order(config.agent, "DRAINING");
      await until("it is returned", async () => returnsOf(request.scan).length === drains);
      told.ends = drains === 6;
      await order(config.agent, "READY");
    }
    expect(await stage.answer("Drained-Often", request.scan)).toMatchObject({ state: "DONE" });
    expect(returnsOf(request.scan)).toMatchObject(Array.from({ length: 6 }, () => ({ cause: "STOPPING", crashes: 0 })));
    await until("all are acknowledged", async () => (await stage.pending("Drained-Often")).acks === 0);
  });

  test("because the engine cannot be run now says so", async () => {
    let broken = true;
    const engine = puppet("Unwell", () => (broken ? Promise.reject(new Unavailable("no space")) : Promise.resolve(CLEAN)));
    await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Unwell"]);
    await stage.request(engine.manifest, request);
    await until("it is returned", async () => returnsOf(request.scan).length > 0);
    broken = false;
    expect(await stage.answer("Unwell", request.scan)).toMatchObject({ state: "DONE" });
    expect(returnsOf(request.scan)[0]).toMatchObject({ cause: "UNAVAILABLE", crashes: 0 });
  });

  test("tells how often it has ended an agent, and those that were told before count", async () => {
    const { engine, told } = endless("Suspect");
    await stage.makeDurable(engine.manifest);
    const request = { ...requestOf(await stage.store(Buffer.from("x")), ["Suspect"]), crashes: 3 };
    await stage.request(engine.manifest, request);
    const consumer = await stage.nc.jetstream().consumers.get(SCANS, "suspect");
    (await consumer.next())?.nak();
    const agent = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "1ms" });
    await until("it runs", async () => told.runs === 1);
    await agent.stop();
    expect(returnsOf(request.scan)).toMatchObject([{ crashes: 4 }]);
    (await consumer.next())?.nak();
    await agentWith(engine);
    expect(await stage.answer("Suspect", request.scan)).toMatchObject({ state: "FAILED", cause: "CRASHED_REPEATEDLY" });
    expect(told.runs).toBe(1);
  });

  test("while the bus stores nothing is not lost", async () => {
    const { engine, told } = endless("Unheard");
    const { config } = await agentWith(engine, { SCANMESH_DRAIN_GRACE: "1ms" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Unheard"]);
    await stage.request(engine.manifest, request);
    await until("it runs", async () => told.runs === 1);
    await withoutResults(stage, async () => {
      await order(config.agent, "DRAINING");
      await until("it waits for the next delivery", async () => (await stage.presence(config.agent))?.engines[0]?.busy === 0);
    });
    told.ends = true;
    await order(config.agent, "READY");
    expect(await stage.answer("Unheard", request.scan)).toMatchObject({ state: "DONE" });
  });
});

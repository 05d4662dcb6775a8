import { expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import type { ResultMessage } from "../../../schema/messages.js";
import { SCANS } from "../../../schema/subjects.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

async function scanned(engine: EngineParts): Promise<ResultMessage> {
  const request = requestOf(await stage.store(Buffer.from("x")), [engine.manifest.name]);
  await stage.request(engine.manifest, request);
  return await stage.answer(engine.manifest.name, request.scan);
}

const clean = (name: string) => puppet(name, () => Promise.resolve(done("CLEAN", null, null)));

test("work comes although the durable is made after the agent asked for it, and made anew", async () => {
  const engine = clean("Late");
  await agentWith(engine);
  await stage.jsm.consumers.delete(SCANS, "late");
  const asked = await stage.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${SCANS}.late`, { max: 1 });
  for await (const _ of asked) break;
  await stage.makeDurable(engine.manifest);
  expect(await scanned(engine)).toMatchObject({ state: "DONE" });
  for (let n = 0; n < 2; n++) {
    await stage.jsm.consumers.delete(SCANS, "late");
    await stage.makeDurable(engine.manifest);
    expect(await scanned(engine)).toMatchObject({ state: "DONE" });
  }
});

test("an agent asks for as much as it has slots, however often it asks", async () => {
  const engine = clean("Modest");
  let asked = 0;
  await agentWith(engine);
  const watch = stage.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${SCANS}.modest`, {
    callback: (_, message) => void (asked += message.json<{ batch: number }>().batch),
  });
  for (let n = 0; n < 20; n++) await scanned(engine);
  watch.unsubscribe();
  // One for each scan, and at most a few for pulls that ended unfilled meanwhile.
  expect(asked).toBeGreaterThanOrEqual(18);
  expect(asked).toBeLessThanOrEqual(30);
  // NATS counts an acknowledgement a moment after it has the answer.
  await until("nothing is open", async () => (await stage.pending("Modest")).acks === 0);
  expect(await stage.jsm.consumers.info(SCANS, "modest")).toMatchObject({ num_redelivered: 0 });
});

test("work goes on after the bus was away, and what was being scanned meanwhile is answered", async () => {
  let finish: (() => void) | undefined;
  let hold = true;
  const engine = puppet("Steadfast", async () => {
    if (hold) await new Promise<void>((resolve) => (finish = resolve));
    return done("CLEAN", null, null);
  });
  await agentWith(engine);
  const request = requestOf(await stage.store(Buffer.from("x")), ["Steadfast"]);
  await stage.request(engine.manifest, request);
  await until("it is running", async () => finish !== undefined);
  const start = await stage.killServer();
  hold = false;
  finish?.();
  start();
  expect(await stage.answer("Steadfast", request.scan)).toMatchObject({ state: "DONE" });
  await scanned(engine);
  await until("nothing is open", async () => (await stage.pending("Steadfast")).acks === 0);
});

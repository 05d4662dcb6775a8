import { expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

const SLOTS = 8;
let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

test.each([
  ["reads batches", { answers: 2 }, [SLOTS]],
  ["is older", {}, Array.from({ length: SLOTS }, () => 1)],
])(
  "answers of the same moment leave as the gateway takes them, which %s; none is acknowledged before it is stored",
  async (_, reads, expected) => {
    const { opened, open } = gate();
    const engine = puppet(`Batched-${expected.length}`, () => opened.then(() => done("CLEAN", null, null)), {
      slots: SLOTS,
      runner: { takesBytes: true },
    });
    const { name } = engine.manifest;
    const stored: number[] = [];
    const acknowledged: string[] = [];
    const order: string[] = [];
    const onStored = (answers: number) => {
      stored.push(answers);
      order.push("stored");
    };
    await agentWith(engine, {}, { onStored });
    const watch = stage.nc.subscribe("$JS.ACK.>", {
      callback: (_error, message) => {
        if (!message.subject.includes(name.toLowerCase()) || message.string() !== "+ACK") return;
        acknowledged.push(message.subject);
        order.push("acknowledged");
      },
    });
    const sample = await stage.store(Buffer.from("x"));
    const requests = Array.from({ length: SLOTS }, () => ({ ...requestOf(sample, [name]), ...reads }));
    for (const request of requests) await stage.request(engine.manifest, request);
    await until("all are announced", async () => stored.reduce((sum, answers) => sum + answers, 0) === SLOTS);
    stored.length = 0;
    order.length = 0;
    open();
    for (const { scan } of requests) expect(await stage.answer(name, scan)).toMatchObject({ state: "DONE" });
    await until("all are acknowledged", async () => acknowledged.length === SLOTS);
    expect(stored).toEqual(expected);
    expect(order[0]).toBe("stored");
    watch.unsubscribe();
  },
);

import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startStage, type LocalGateway, type Stage } from "../../stage/stage.js";

let stage: Stage;
let gateway: LocalGateway;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gateway();
});

afterAll(() => stage.stop());

it.each(Array.from({ length: 10 }, (_, ms) => ms))(
  "consuming results ends when it is stopped %i ms after it began",
  { timeout: 20_000 },
  async (ms) => {
    const consumer = gateway.context.bus
      .account("isolated")
      .consumeResults(() => Promise.reject(new Error("there is no result")));
    if (ms > 0) await pause(ms);
    await expect(consumer.stop()).resolves.toBeUndefined();
  },
);

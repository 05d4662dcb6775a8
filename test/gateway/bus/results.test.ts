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

it("consuming results ends whenever it is stopped, while it begins too", async () => {
  const account = gateway.context.bus.account("isolated");
  for (let ms = 0; ms < 10; ms += 1) {
    const consumer = account.consumeResults(() => Promise.reject(new Error("there is no result")));
    if (ms > 0) await pause(ms);
    const ended = await Promise.race([consumer.stop().then(() => true), pause(5_000, false)]);
    expect(ended, `stopped after ${ms} ms`).toBe(true);
  }
});

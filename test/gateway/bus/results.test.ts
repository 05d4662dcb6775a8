import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { prepared, useStage } from "../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

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

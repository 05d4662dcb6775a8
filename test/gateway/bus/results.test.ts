import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, shown, submit } from "../scan/submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);

it.each(Array.from({ length: 10 }, (_, ms) => ms))(
  "consuming results ends when it is stopped %i ms after it began",
  async (ms) => {
    const consumer = gateway.context.bus
      .account("isolated")
      .consumeResults(() => Promise.reject(new Error("there is no result")));
    if (ms > 0) await pause(ms);
    await expect(consumer.stop()).resolves.toBeUndefined();
  },
);

it("a large result after many small ones is recorded, and so is what follows it", async () => {
  const submitted = await Promise.all(
    ["large", "next"].map((text) => submit(gateway.url, { base64: base64(text), engines: ["Alpha"] })),
  );
  const scanIds = submitted.map(({ scan }) => Number(scan["scanId"]));
  const noScan = 2 ** 40;
  await Promise.all(Array.from({ length: 1_000 }, () => agent.answer("Alpha", { scan: noScan, verdict: "CLEAN" })));
  const [large = 0, next = 0] = scanIds;
  const details = { rows: Array.from({ length: 400 }, (_, row) => `${row} ${"x".repeat(500)}`) };
  await agent.answer("Alpha", { scan: large, verdict: "CLEAN", details });
  await agent.answer("Alpha", { scan: next, verdict: "CLEAN" });
  for (const scanId of scanIds) {
    const isFinal = async () => (await shown(gateway.url, scanId)).endDate !== null;
    expect(await until(`scan ${scanId} is final`, isFinal)).toBe(true);
  }
});

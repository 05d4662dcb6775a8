import { expect, test } from "vitest";
import { createGate } from "../../../scanner-agent/runners/gate.js";

const { signal } = new AbortController();

test("one who gives up waiting leaves the queue, and those behind come in", async () => {
  const gate = createGate();
  const leave = await gate.enter(false, signal);
  const controller = new AbortController();
  const alone = gate.enter(true, controller.signal);
  const behind = gate.enter(false, signal);
  controller.abort(new Error("drained"));
  await expect(alone).rejects.toThrow("drained");
  await expect(gate.enter(false, controller.signal)).rejects.toThrow("drained");
  (await behind)();
  leave();
  (await gate.enter(true, signal))();
});

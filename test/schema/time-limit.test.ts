import { setTimeout as pause } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { timeLimit } from "../../schema/time-limit.js";

it("aborts when the time is over, although nobody keeps it, and says so", async () => {
  const { signal, isOver } = timeLimit(20);
  globalThis.gc?.();
  await vi.waitUntil(() => signal.aborted);
  expect([isOver(), (signal.reason as Error).name]).toEqual([true, "TimeoutError"]);
});

it("aborts with the other signal's reason, also if that has aborted before", () => {
  const other = new AbortController();
  const limit = timeLimit(60_000, other.signal);
  other.abort(new Error("left"));
  expect([limit.signal.reason, limit.isOver()]).toEqual([new Error("left"), false]);
  expect(timeLimit(60_000, other.signal).signal.reason).toEqual(new Error("left"));
  limit.clear();
});

it("does nothing once it is cleared", async () => {
  const other = new AbortController();
  const limit = timeLimit(5, other.signal);
  limit.clear();
  other.abort();
  await pause(20);
  expect(limit.signal.aborted).toBe(false);
});

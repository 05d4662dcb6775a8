import { setImmediate, setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, vi } from "vitest";
import { timeLimit } from "../../schema/time-limit.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

it("aborts when the time is over, and says so", async () => {
  const { signal, isOver } = timeLimit(20);
  await vi.waitUntil(() => signal.aborted);
  expect([isOver(), (signal.reason as Error).name]).toEqual([true, "TimeoutError"]);
});

it("aborts although nothing refers to it any more", async () => {
  const other = new AbortController();
  const reasons: string[] = [];
  // In a function of its own, so that nothing here keeps the limit.
  const listen = () => {
    const { signal } = timeLimit(20, other.signal);
    signal.addEventListener("abort", ({ target }) => reasons.push(((target as AbortSignal).reason as Error).name));
  };
  listen();
  await setImmediate();
  collectGarbage();
  await vi.waitUntil(() => reasons.length > 0);
  expect(reasons).toEqual(["TimeoutError"]);
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

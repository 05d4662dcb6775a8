import { setTimeout as pause } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { guard, keepOpen } from "../../schema/listening.js";

it("a guarded handler reports what it throws, and handles what comes next", () => {
  const handled: number[] = [];
  const reported: unknown[] = [];
  const handle = guard(
    (n: number) => {
      if (n === 2) throw new Error("two");
      handled.push(n);
    },
    (error) => reported.push(error),
  );
  for (const n of [1, 2, 3]) handle(n);
  expect(handled).toEqual([1, 3]);
  expect(reported).toEqual([new Error("two")]);
});

it("what is kept open is opened again after it has ended or failed, until it is not wanted", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const ends: unknown[] = [];
  let opened = 0;
  const kept = keepOpen({
    open: () => (++opened === 1 ? Promise.resolve() : Promise.reject(new Error("refused"))),
    isWanted: () => opened < 3,
    onEnd: (error) => ends.push(error),
  });
  await vi.runAllTimersAsync().catch(() => undefined);
  vi.useRealTimers();
  await Promise.race([kept, pause(5_000)]);
  expect(opened).toBe(3);
  expect(ends).toEqual([undefined, new Error("refused")]);
});

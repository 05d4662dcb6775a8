import { expect, it } from "vitest";
import { createInstances } from "../../../gateway/fleet/instances.js";
import type { Presence } from "../../../schema/presence.js";

const HEARTBEAT_MS = 1_000;

/** What a process of the agent `a` says. */
function said(instance: string | undefined, startedAt: string): Presence {
  const more = instance === undefined ? {} : { instance };
  return {
    v: 1,
    agent: "a",
    host: "h",
    version: "1",
    class: "isolated",
    heartbeatMs: HEARTBEAT_MS,
    state: "READY",
    proofs: [],
    engines: [],
    startedAt,
    ...more,
  };
}
const first = said("first", "2026-01-01T00:00:00.000Z");
const second = said("second", "2026-01-01T01:00:00.000Z");

it("an agent that was killed and started again is no copy", () => {
  const instances = createInstances();
  expect([instances.isCopy(first, 0), instances.isCopy(second, 500), instances.isCopy(second, 1_500)]).toEqual([
    false,
    false,
    false,
  ]);
});

it("of two that are both there, the one that was started later is the copy, until the first has missed three heartbeats", () => {
  for (const [early, late] of [
    [first, second],
    [second, first],
  ] as const) {
    const instances = createInstances();
    expect([instances.isCopy(early, 0), instances.isCopy(late, 500)]).toEqual([false, false]);
    const third = instances.isCopy(early, 1_000);
    expect(third).toBe(early === second);
    expect(instances.isCopy(second, 1_600)).toBe(true);
    expect(instances.isCopy(first, 2_000)).toBe(false);
    expect([2_600, 3_600, 4_600, 5_600].map((now) => instances.isCopy(second, now))).toEqual([true, true, true, false]);
  }
});

it("one that has said goodbye is not there", () => {
  const instances = createInstances();
  instances.isCopy(first, 0);
  instances.isCopy(second, 100);
  instances.leave("isolated", "a");
  expect([instances.isCopy(first, 200), instances.isCopy(second, 300)]).toEqual([false, false]);
});

it("agents without an instance are never copies", () => {
  const instances = createInstances();
  const plain = said(undefined, "2026-01-01T00:00:00.000Z");
  expect([0, 1, 2].map((now) => instances.isCopy(plain, now))).toEqual([false, false, false]);
});

it("whoever makes up instances by the thousand is not taken for the first", () => {
  const instances = createInstances();
  instances.isCopy(first, 0);
  for (let i = 0; i < 1_000; i++) instances.isCopy(said(`made up ${i}`, "2026-01-01T01:00:00.000Z"), i / 10);
  const heard = [first, second, first, second].map((one, i) => instances.isCopy(one, 500 + i * 100));
  expect(heard).toEqual([false, false, false, true]);
});

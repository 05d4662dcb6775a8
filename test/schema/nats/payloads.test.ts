import { expect, it } from "vitest";
import { allocatePayload, recycle } from "../../../schema/nats/payloads.js";

it("gives memory to one message at a time, and again after it was given back", () => {
  const [first, second] = [allocatePayload(600_000), allocatePayload(900_000)];
  expect(first.buffer).not.toBe(second.buffer);
  recycle(first);
  recycle(first);
  const [third, fourth] = [allocatePayload(700_000), allocatePayload(700_000)];
  expect(third.buffer).toBe(first.buffer);
  expect(fourth.buffer).not.toBe(first.buffer);
  expect([first.length, third.length]).toEqual([600_000, 700_000]);
});

it("takes nothing that it did not give, and keeps no more than a few pieces", () => {
  const foreign = Buffer.alloc(600_000);
  recycle(foreign);
  recycle(allocatePayload(1_000));
  const given = Array.from({ length: 100 }, () => allocatePayload(1_000_000));
  expect(given.some(({ buffer }) => buffer === foreign.buffer)).toBe(false);
  for (const one of given) recycle(one);
  const again = Array.from({ length: 100 }, () => allocatePayload(1_000_000));
  const before = new Set(given.map(({ buffer }) => buffer));
  expect(again.filter(({ buffer }) => before.has(buffer))).toHaveLength(8);
});

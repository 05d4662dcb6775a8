import { expect, it } from "vitest";
import { tokenBucket } from "../../../gateway/keys/token-bucket.js";

it("lets a second's worth through at once, then as many as come in", () => {
  const bucket = tokenBucket(5);
  const taken = (now: number) => bucket.take(now) === undefined;
  expect([1, 2, 3, 4, 5, 6].map(() => taken(1_000))).toEqual([true, true, true, true, true, false]);
  expect(bucket.take(1_000)).toBeCloseTo(0.2);
  expect(taken(1_199)).toBe(false);
  expect(taken(1_201)).toBe(true);
  expect(taken(1_202)).toBe(false);
  expect([1, 2, 3, 4, 5, 6].map(() => taken(60_000))).toEqual([true, true, true, true, true, false]);
});

it("makes the next one wait for what was charged afterwards", () => {
  const bucket = tokenBucket(10);
  expect(bucket.take(0)).toBeUndefined();
  bucket.charge(29);
  expect(bucket.take(0)).toBeCloseTo(2.1);
  expect(bucket.take(2_000)).toBeCloseTo(0.1);
  expect(bucket.take(2_101)).toBeUndefined();
});

it("lets one through at once, however slow the rate", () => {
  const bucket = tokenBucket(0.1);
  expect(bucket.take(0)).toBeUndefined();
  expect(bucket.take(0)).toBeCloseTo(10);
  expect(bucket.take(9_900)).toBeCloseTo(0.1);
  expect(bucket.take(10_001)).toBeUndefined();
});

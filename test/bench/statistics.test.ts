import { describe, expect, it } from "vitest";
import { compare } from "./metric.js";
import { percentiles, plannedStarts } from "./open-load.js";
import { BENCHMARKS, readOptions, UsageError } from "./options.js";
import { randomOf } from "./random.js";
import { figureOf, fixedAndPerUnit, median, quantile, ratios, spread } from "./statistics.js";
import { reached, TARGETS } from "./targets.js";

describe("medians and quantiles", () => {
  it("the median is the middle value, or lies between the two middle ones, in whatever order they come", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it("a quantile lies between its neighbours in proportion", () => {
    expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10);
    expect(quantile([0, 10], 0.9)).toBeCloseTo(9);
    expect(percentiles(Array.from({ length: 101 }, (_, i) => 100 - i))).toEqual({ p50: 50, p99: 99 });
  });

  it("of nothing there is none", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("the ratio of product and baseline", () => {
  it("is the median of the rounds' ratios, not the ratio of the medians", () => {
    // The machine was four times as fast in the second round: that changes both, and no ratio.
    const rounds = [
      { product: [10, 14], baseline: [20, 28] },
      { product: [40, 56], baseline: [80, 112] },
      { product: [9, 9], baseline: [10, 10] },
    ];
    expect(ratios(rounds)).toEqual({ values: [0.5, 0.5, 0.9], median: 0.5, min: 0.5, max: 0.9 });
  });

  it("is doubtful when the baselines spread more than 15 %", () => {
    const of = (...baseline: number[]) => compare([{ product: [50, 50], baseline }], { name: "bare", unit: "scans/s" }).baseline;
    expect(of(100, 110)).toMatchObject({ noisy: false, median: 105 });
    expect(of(100, 120)).toMatchObject({ noisy: true });
    expect(spread([90, 100, 110])).toBeCloseTo(0.2);
  });

  it("keeps every run beside it", () => {
    const { product, baseline, ratio } = compare([{ product: [50, 70], baseline: [100, 100] }], {
      name: "bare",
      unit: "scans/s",
    });
    expect(product).toEqual(figureOf([50, 70]));
    expect(baseline.values).toEqual([100, 100]);
    expect(ratio.values).toEqual([0.6]);
  });
});

describe("the cost of a scan", () => {
  it("is split into a fixed part and one by size", () => {
    expect(fixedAndPerUnit({ size: 1, cost: 12 }, { size: 3, cost: 28 })).toEqual({ fixed: 4, perUnit: 8 });
  });
});

describe("targets", () => {
  it("are reached from above where more is better, and from below where less is", () => {
    expect([0.85, 0.84, 0.74].map((value) => reached(value, TARGETS["B1.T"]))).toEqual(["target", "floor", "below"]);
    expect([1.35, 1.36, 1.81].map((value) => reached(value, TARGETS["B2.p50"]))).toEqual(["target", "floor", "below"]);
  });

  it("lie on the better side of their floors", () => {
    for (const { better, target, floor } of Object.values(TARGETS)) {
      expect(better === "higher" ? target > floor : target < floor).toBe(true);
    }
  });
});

describe("open load", () => {
  it("has the same starts for the same seed, in order and at the rate that was asked for", () => {
    const starts = plannedStarts(5_000, 50, randomOf(3));
    expect(starts).toEqual(plannedStarts(5_000, 50, randomOf(3)));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(5_000 / ((starts.at(-1) ?? 0) / 1_000) / 50).toBeCloseTo(1, 1);
  });
});

describe("the command line", () => {
  it("runs everything by default, and B1c with B1", () => {
    expect(readOptions([])).toEqual({
      only: BENCHMARKS,
      corpora: ["T", "64K", "M"],
      rounds: 5,
      scale: 1,
      seconds: undefined,
      seed: 1,
      counts: false,
      trace: false,
      queued: 10_000,
      json: false,
      data: undefined,
      writeConstants: undefined,
      writeDocs: [],
    });
    expect(readOptions(["--only", "B3,B1", "--rounds", "2", "--json"])).toMatchObject({
      only: ["B1", "B1c", "B3"],
      rounds: 2,
      json: true,
    });
    expect(readOptions(["--only=B1c"])?.only).toEqual(["B1c"]);
  });

  it("knows where constants and documents are written", () => {
    expect(readOptions(["--only", "CONSTANTS", "--write-constants", "here.json"])?.writeConstants).toBe("here.json");
    expect(readOptions(["--write-docs", "a.json, b.json"])?.writeDocs).toEqual(["a.json", "b.json"]);
  });

  it("takes the corpora and the length of what is measured beside the bare path", () => {
    expect(readOptions(["--only", "B0", "--corpora", "M,T", "--seconds", "2.5", "--counts"])).toMatchObject({
      corpora: ["T", "M"],
      seconds: 2.5,
      counts: true,
    });
  });

  it.each([
    [["--only", "B99"]],
    [["--corpora", "L"]],
    [["--seconds", "0"]],
    [["--rounds", "0"]],
    [["--rounds", "1.5"]],
    [["--scale", ""]],
    [["--seed", "-1"]],
    [["--only", "B11", "--write-constants", "constants.json"]],
    [["--fast"]],
    [["B1"]],
  ])("refuses %j", (args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});

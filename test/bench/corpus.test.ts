import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCorpusMaker } from "./corpus.js";
import { mean, median } from "./statistics.js";

const KIB = 1024;
const sha256 = (file: Uint8Array) => createHash("sha256").update(file).digest("hex");

describe("the corpora", () => {
  it("are the same for the same seed, and others for another", () => {
    const hashes = (seed: number) => createCorpusMaker(seed).files("M", 40).map(sha256);
    const [first, again, other] = [hashes(7), hashes(7), hashes(8)];
    expect(again).toEqual(first);
    expect(other.filter((hash) => first.includes(hash))).toEqual([]);
  });

  it("hold no file twice, within one making or between two", () => {
    const corpus = createCorpusMaker(1);
    const files = (["T", "64K", "M", "T", "M"] as const).flatMap((id) => corpus.files(id, 100));
    expect(new Set(files.map(sha256)).size).toBe(files.length);
  });

  it("T has 4 KiB a file", () => {
    expect(new Set(createCorpusMaker(1).sizes("T", 50))).toEqual(new Set([4 * KIB]));
  });

  it.each([100, 500, 2_000])("M of %i files has a median of 64 KiB, a mean of about 300 KiB and nothing over 16 MiB", (count) => {
    for (const seed of [1, 2, 3]) {
      const sizes = createCorpusMaker(seed).sizes("M", count);
      expect(sizes).toHaveLength(count);
      expect(Math.abs(median(sizes) / (64 * KIB) - 1)).toBeLessThan(0.05);
      expect(Math.abs(mean(sizes) / (300 * KIB) - 1)).toBeLessThan(0.2);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(16 * KIB * KIB);
    }
  });

  it("M has the same sizes at every making, so that runs can be compared", () => {
    const corpus = createCorpusMaker(1);
    const lengths = () => corpus.files("M", 30).map(({ length }) => length);
    expect(lengths()).toEqual(lengths());
    expect(lengths()).toEqual(corpus.sizes("M", 30));
  });

  it("M comes in no order of size", () => {
    const sizes = createCorpusMaker(1).sizes("M", 500);
    const halves = [sizes.slice(0, 250), sizes.slice(250)].map(median);
    expect(Math.max(...halves) / Math.min(...halves)).toBeLessThan(1.5);
  });

  it("are not compressible: every byte value is about as frequent as any other", () => {
    const counts = Array.from({ length: 256 }, () => 0);
    for (const file of createCorpusMaker(1).files("64K", 8)) for (const byte of file) counts[byte] = (counts[byte] ?? 0) + 1;
    const expected = (8 * 64 * KIB) / 256;
    for (const count of counts) expect(Math.abs(count / expected - 1)).toBeLessThan(0.15);
  });
});

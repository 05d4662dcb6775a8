/** What is scanned: files made from a seed, no two of them alike. */

import { randomOf } from "./random.js";

/** `T`: 4 KiB each. `M`: log-normal, median 64 KiB, mean about 300 KiB, 16 MiB at most. `64K`: 64 KiB each. */
export type CorpusId = "T" | "M" | "64K";

export const CORPORA: Readonly<Record<CorpusId, string>> = {
  T: "4 KiB each",
  "64K": "64 KiB each",
  M: "log-normal sizes: median 64 KiB, mean about 300 KiB, 16 MiB at most",
};

const KIB = 1024;
const MEDIAN = 64 * KIB;
const SIGMA = 1.79;
const LARGEST = 16 * KIB * KIB;
/** Room for the number that makes each file unique. */
const SMALLEST = 16;
/** Draws of which each size is one: sorted and cut into as many parts as there are files, one is taken of each part. */
const DRAWS_PER_SIZE = 64;
const NUMBER: Readonly<Record<CorpusId, number>> = { T: 1, M: 2, "64K": 3 };

/** Makes corpora; each has content of its own. */
export interface CorpusMaker {
  /** Sizes in bytes; of the same corpus and count always the same, so that runs can be compared. */
  sizes(corpus: CorpusId, count: number): number[];
  /** Files of these sizes that differ from all that were made before. */
  files(corpus: CorpusId, count: number): Buffer[];
}

export function createCorpusMaker(seed: number): CorpusMaker {
  let batch = 0;

  function sizes(corpus: CorpusId, count: number): number[] {
    if (corpus === "T") return Array.from({ length: count }, () => 4 * KIB);
    if (corpus === "64K") return Array.from({ length: count }, () => 64 * KIB);
    return logNormal(seed, count);
  }

  return {
    sizes,
    files(corpus, count) {
      batch += 1;
      return sizes(corpus, count).map((size, index) => {
        const file = Buffer.allocUnsafe(size);
        randomOf(seed, NUMBER[corpus], batch, index).fill(file);
        file.writeUInt32LE(batch, size - 8);
        file.writeUInt32LE(index, size - 4);
        return file;
      });
    },
  };
}

/** One draw of every part of the distribution: a plain sample's mean would depend on whether it has met a huge file. */
function logNormal(seed: number, count: number): number[] {
  const random = randomOf(seed, NUMBER.M, count);
  const draws = Array.from({ length: count * DRAWS_PER_SIZE }, random.normal).toSorted((a, b) => a - b);
  const chosen = Array.from({ length: count }, (_, i) => draws[i * DRAWS_PER_SIZE + (random.uint32() % DRAWS_PER_SIZE)] ?? 0);
  for (let i = count - 1; i > 0; i--) {
    const j = random.uint32() % (i + 1);
    [chosen[i], chosen[j]] = [chosen[j] ?? 0, chosen[i] ?? 0];
  }
  return chosen.map((z) => Math.max(SMALLEST, Math.min(LARGEST, Math.round(MEDIAN * Math.exp(SIGMA * z)))));
}

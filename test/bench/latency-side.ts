/** A side of a comparison whose latencies are kept; its value is their median. */

import { compare, metric, type Metric } from "./metric.js";
import { latencies, percentiles, plannedStarts, type Percentiles } from "./open-load.js";
import { randomOf } from "./random.js";
import type { Side } from "./rounds.js";
import { figureOf } from "./statistics.js";

export interface LatencySide extends Side {
  /** Of each run that counts, in their order. */
  runs(share: keyof Percentiles): number[];
}

/** Requests a second: what many dashboards together ask of one gateway. */
export const RATE = 50;

/** Before the warm-up's own, as fast as they are answered: code that is asked for so often a minute has long been compiled. */
const WARMING = 2_000;
const WARMING_AT_ONCE = 4;

/** Open load: `count` starts planned by the seed, the same in every run. */
export function latencySide(
  { name, label = name, seed, count }: { name: string; label?: string; seed: number; count: number },
  work: (index: number) => Promise<unknown>,
): LatencySide {
  const starts = plannedStarts(count, RATE, randomOf(seed, count));
  const kept: number[][] = [];
  return {
    name,
    label,
    unit: "ms (p50)",
    async measure(round, advance) {
      if (round === 0) await warm(Math.min(WARMING, 5 * count), work);
      const found = await latencies(starts, async (index) => void (await work(index)), advance);
      if (round > 0) kept.push(found);
      return percentiles(found).p50;
    },
    runs: (share) => kept.map((found) => percentiles(found)[share]),
  };
}

async function warm(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: WARMING_AT_ONCE }, one));
}

/** A percentile of the product, with the baseline's beside it. Each round has two runs of either. */
export function latencyMetric(
  id: string,
  share: keyof Percentiles,
  { about, product, baseline }: { about: string; product: LatencySide; baseline: LatencySide },
): Metric {
  const [ours, theirs] = [product.runs(share), baseline.runs(share)];
  const rounds = Array.from({ length: ours.length / 2 }, (_, i) => ({
    product: ours.slice(2 * i, 2 * i + 2),
    baseline: theirs.slice(2 * i, 2 * i + 2),
  }));
  return metric({
    id: `${id}.${share}`,
    about: `${about}: ${share} at ${RATE} requests/s, open load`,
    unit: "ms",
    figure: figureOf(ours),
    compared: compare(rounds, { name: `${baseline.name}, ${share}`, unit: "ms" }),
  });
}

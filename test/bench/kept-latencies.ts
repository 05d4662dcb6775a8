/** A side whose latencies are kept, by round; its value is their median. */

import { percentiles, type Percentiles } from "./open-load.js";
import type { Advance } from "./progress.js";
import type { Side } from "./rounds.js";
import type { Round } from "./statistics.js";

export interface KeptLatencies extends Side {
  /** Of both runs of the round together. */
  pooled(round: number, share: keyof Percentiles): number;
  /** Of each run of the round. */
  runs(round: number, share: keyof Percentiles): number[];
}

export function keepLatencies(name: string, measure: (advance: Advance) => Promise<number[]>): KeptLatencies {
  const kept: { round: number; found: number[] }[] = [];
  const of = (wanted: number) => kept.filter(({ round }) => round === wanted).map(({ found }) => found);
  return {
    name,
    label: name,
    unit: "ms (p50)",
    async measure(round, advance) {
      const found = await measure(advance);
      kept.push({ round, found });
      return percentiles(found).p50;
    },
    pooled: (round, share) => percentiles(of(round).flat())[share],
    runs: (round, share) => of(round).map((found) => percentiles(found)[share]),
  };
}

/** What both sides' runs were, round by round. */
export function latencyRounds(
  rounds: number,
  share: keyof Percentiles,
  product: KeptLatencies,
  baseline: KeptLatencies,
): Round[] {
  return numbers(rounds).map((round) => ({ product: product.runs(round, share), baseline: baseline.runs(round, share) }));
}

export function numbers(rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => i + 1);
}

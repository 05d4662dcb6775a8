/** Open load: starts that are planned beforehand and wait for nobody, as those of independent clients do. */

import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "./statistics.js";
import type { Advance } from "./progress.js";
import type { Random } from "./random.js";

/** When each start is intended, in milliseconds from now: at random, `rate` a second on average. */
export function plannedStarts(count: number, rate: number, random: Random): number[] {
  let at = 0;
  return Array.from({ length: count }, () => (at += (-Math.log(1 - random.unit()) / rate) * 1_000));
}

/** Does the work at each intended start; milliseconds from the intended start to the end of each. */
export async function latencies(
  starts: readonly number[],
  work: (index: number) => Promise<void>,
  advance: Advance,
): Promise<number[]> {
  const begun = performance.now();
  let done = 0;
  return Promise.all(
    starts.map(async (start, index) => {
      await pause(start);
      await work(index);
      advance(++done, starts.length);
      return performance.now() - begun - start;
    }),
  );
}

/** What is told of latencies. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export function percentiles(values: readonly number[]): Percentiles {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
}

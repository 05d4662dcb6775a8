/** Product and baselines in turn, so that all of them meet the same machine. */

import { setTimeout as pause } from "node:timers/promises";
import type { Advance, Progress } from "./progress.js";
import type { Round } from "./statistics.js";

/** Time for what a measurement has left behind: acknowledgements, closing connections. */
const SETTLE_MS = 300;

/** One that takes part. `round` is 0 in the warm-up, which counts for nothing. */
export interface Side {
  readonly name: string;
  /** The name in the table of what is being measured. */
  readonly label: string;
  readonly unit: string;
  measure(round: number, advance: Advance): Promise<number>;
}

/** Measures A B B A (with more baselines A B C C B A) in each round; for each baseline what it and the product did. */
export async function inTurn(
  id: string,
  rounds: number,
  product: Side,
  baselines: readonly Side[],
  progress: Progress,
): Promise<Round[][]> {
  const measure = async (side: Side, round: number) => {
    await pause(SETTLE_MS);
    const label = `${id}  ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}  ${side.label}`;
    return progress.measure(
      label,
      (advance) => side.measure(round, advance),
      (value) => `${value.toPrecision(4)} ${side.unit}`,
    );
  };
  for (const side of [product, ...baselines]) await measure(side, 0);

  const found: Round[][] = baselines.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    const there = [await measure(product, round)];
    const values = baselines.map(() => [] as number[]);
    for (const [i, side] of baselines.entries()) values[i]?.push(await measure(side, round));
    for (const [i, side] of [...baselines.entries()].toReversed()) values[i]?.push(await measure(side, round));
    there.push(await measure(product, round));
    for (const [i, baseline] of values.entries()) found[i]?.push({ product: there, baseline });
  }
  return found;
}

/** The figures of a run. */

/** Baselines that spread more than this make a run's figures doubtful. */
export const MOST_SPREAD = 0.15;

/** The middle value, or the mean of the two middle ones. Throws on an empty list. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values lies, between neighbours in proportion. Throws on an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  if (low === undefined || high === undefined) throw new RangeError("there is no quantile of nothing");
  return low + (high - low) * (place - Math.floor(place));
}

export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("there is no mean of nothing");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How far values lie apart, as a share of their median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** A figure: the median of several values, one a round or one a run, with the least and the greatest. */
export interface Figure {
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function figureOf(values: readonly number[]): Figure {
  return { values, median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** One round's measurements of a product and its baseline. */
export interface Round {
  readonly product: readonly number[];
  readonly baseline: readonly number[];
}

/** The figure of the ratios, each of them within one round, in which both met the same machine. */
export function ratios(rounds: readonly Round[]): Figure {
  return figureOf(rounds.map(({ product, baseline }) => mean(product) / mean(baseline)));
}

/** What a cost is made of, by its value at two sizes: a fixed part, and one for each unit of size. */
export function fixedAndPerUnit(
  a: { size: number; cost: number },
  b: { size: number; cost: number },
): { fixed: number; perUnit: number } {
  const perUnit = (b.cost - a.cost) / (b.size - a.size);
  return { fixed: a.cost - perUnit * a.size, perUnit };
}

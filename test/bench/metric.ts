/** What a benchmark says. */

import type { ProcessorTime } from "./processor-time.js";
import { figureOf, MOST_SPREAD, ratios, spread, type Figure, type Round } from "./statistics.js";
import { reached, TARGETS, type Reached, type Target } from "./targets.js";

/** Product and baseline beside each other. */
export interface Compared {
  readonly unit: string;
  /** Product by baseline, of each round. */
  readonly ratio: Figure;
  /** Of each run. */
  readonly product: Figure;
  /** Of each run. */
  readonly baseline: Figure & { readonly name: string; readonly spread: number; readonly noisy: boolean };
}

export interface Metric {
  readonly id: string;
  readonly about: string;
  readonly unit: "ratio" | "share" | "scans/s" | "ms" | "s" | "KB" | "MB" | "MB/s" | "% of a core" | "CPU-ms/scan" | "CPU-ms/MB";
  readonly figure: Figure;
  readonly target: Target | null;
  readonly reached: Reached | null;
  readonly compared: Compared | null;
  /** Medians over the runs; the load generator is apart from the mesh. */
  readonly cpuMsPerScan: ProcessorTime | null;
}

type Facts = Pick<Metric, "id" | "about" | "unit" | "figure"> & Partial<Pick<Metric, "compared" | "cpuMsPerScan">>;

/** A metric, judged by its figure. */
export function metric({ compared = null, cpuMsPerScan = null, ...facts }: Facts): Metric {
  const targets: Readonly<Record<string, Target>> = TARGETS;
  const target = targets[facts.id] ?? null;
  return { ...facts, target, reached: target && reached(facts.figure.median, target), compared, cpuMsPerScan };
}

/** The metric of how the product's rate compares with a baseline's. */
export function ratioMetric(
  facts: Omit<Facts, "unit" | "figure" | "compared">,
  rounds: readonly Round[],
  baseline: { name: string; unit: string },
): Metric {
  return metric({ ...facts, unit: "ratio", figure: ratios(rounds), compared: compare(rounds, baseline) });
}

/** Product and baseline beside each other, every single run counted. */
export function compare(rounds: readonly Round[], { name, unit }: { name: string; unit: string }): Compared {
  const runs = rounds.flatMap(({ baseline }) => baseline);
  const apart = spread(runs);
  return {
    unit,
    ratio: ratios(rounds),
    product: figureOf(rounds.flatMap(({ product }) => product)),
    baseline: { ...figureOf(runs), name, spread: apart, noisy: apart > MOST_SPREAD },
  };
}

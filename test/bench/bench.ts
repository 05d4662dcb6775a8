/** What every benchmark is given. */

import type { CorpusMaker } from "./corpus.js";
import type { Metric } from "./metric.js";
import type { Progress } from "./progress.js";

export interface Bench {
  readonly seed: number;
  readonly rounds: number;
  readonly corpus: CorpusMaker;
  readonly progress: Progress;
  /** Folder of databases with long histories; what is there is used again. */
  readonly data: string;
  /** So many files or seconds instead of a full run's number; at least `least`. */
  scaled(full: number, least: number): number;
}

/** Measures, and says what it has found. */
export type Benchmark = (bench: Bench) => Promise<Metric[]>;

/** What every benchmark is given. */

import type { CorpusId, CorpusMaker } from "./corpus.js";
import type { Metric } from "./metric.js";
import type { BenchmarkId } from "./options.js";
import type { Progress } from "./progress.js";
import type { Table } from "./table.js";

export interface Bench {
  readonly seed: number;
  readonly rounds: number;
  readonly corpus: CorpusMaker;
  readonly progress: Progress;
  /** Folder of databases with long histories; what is there is used again. */
  readonly data: string;
  /** So many files or seconds instead of a full run's number; at least `least`. */
  scaled(full: number, least: number): number;
  /** What is run, so that nothing is measured twice. */
  readonly only: readonly BenchmarkId[];
  /** Those that are measured beside the bare path. */
  readonly corpora: readonly CorpusId[];
  /** How long a run beside the bare path lasts; `full` if nobody asked for another length. */
  seconds(full: number): number;
  /** Whether what a scan costs is to be counted, too. */
  readonly counts: boolean;
  /** Whether the steps of a scan are to be told, too. */
  readonly trace: boolean;
  /** Shown below the figures. */
  show(table: Table): void;
}

/** Measures, and says what it has found. */
export type Benchmark = (bench: Bench) => Promise<Metric[]>;

/** What every benchmark is given. */

import type { Constants } from "../../cli/capacity-constants.js";
import type { MeasuredConstants } from "./constants.js";
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
  /** Scans of a slow engine that wait in B14. */
  readonly queued: number;
  /** Whether the steps of a scan are to be told, too. */
  readonly trace: boolean;
  /** What a scan costs here, if it was measured in this run, or as the command that plans has it. */
  constants(): Constants;
  /** Says what a scan costs here. */
  keepConstants(measured: MeasuredConstants): void;
  /** Shown below the figures. */
  show(table: Table): void;
}

/** Measures, and says what it has found. */
export type Benchmark = (bench: Bench) => Promise<Metric[]>;

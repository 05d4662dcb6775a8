/** Row types of scans, their results, and the requests that made them. */

import type { Closed } from "../closed.js";
import type { Generated, GeneratedAlways, JSONColumnType } from "kysely";
import type { Speed } from "../classes.js";
import type { Labels, Priority } from "../scan-options.js";
import type { EngineVerdict, ResultCause, ResultState, Skipped, Verdict } from "../states.js";
import type { Suppressed } from "../suppressed.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";

/** One request to scan a sample. */
export interface ScansTable {
  id: Generated<number>;
  sample_id: number;
  /** The file's name as the caller gave it, for display only. */
  name: string;
  /** The slowest class allowed. */
  speed: Speed;
  /** Whether engines that can reach the internet may take part. */
  internet: boolean;
  start_date: GeneratedTimestamp;
  /** When the scan is final at the latest. */
  deadline: Timestamp;
  /** When it became final; never changes again. */
  end_date: NullableTimestamp;
  verdict: Verdict | null;
  /** Final results of {@link total}. */
  done: Generated<number>;
  /** Engines expected. */
  total: Generated<number>;
  /** Results that are INFECTED or SUSPICIOUS. */
  detections: Generated<number>;
  /** AV engines expected, and how many of them are DONE and CLEAN. */
  av_total: Generated<number>;
  av_clean: Generated<number>;
  /** Results, and engines left out, that bar CLEAN although they are not counted among the AV engines. */
  barriers: Generated<number>;
  /** Counts every visible change. */
  revision: Generated<number>;
  /** The transaction that accepted it, or that last changed its verdict or its end: a full transaction id. */
  changed_in: Generated<string>;
  /** Engines left out, with their reasons. */
  skipped: JSONColumnType<Skipped[]>;
  labels: JSONColumnType<Labels, string | undefined>;
  priority: Generated<Priority>;
  /** Detections after which the scan stops waiting for the other engines. */
  stop_after: number | null;
  batch_id: number | null;
  /** A scan that this one repeats; it may have been deleted. */
  previous: number | null;
  /** Why it exists; null: somebody asked for it. */
  origin: "CHECK" | "UPDATE" | null;
}

/** The result of one engine in one scan. */
export interface ResultsTable {
  scan_id: number;
  engine_id: number;
  state: Generated<ResultState>;
  verdict: EngineVerdict | null;
  /** The signature's name. */
  signature: string | null;
  /** Why it did not finish. */
  error: string | null;
  /** The same for programs; null where nothing is known of it. */
  cause: ResultCause | null;
  engine_version: string | null;
  signature_version: string | null;
  signature_date: NullableTimestamp;
  /** The container image it ran in: its id, and its digest in a registry. */
  image_id: string | null;
  image_digest: string | null;
  /** What it depends on besides the sample; null: unknown. */
  fingerprint: string | null;
  agent: string | null;
  started_at: NullableTimestamp;
  ended_at: NullableTimestamp;
  /** Milliseconds the engine ran. */
  duration_ms: number | null;
  /** Milliseconds until the agent had the sample's bytes. */
  fetching_ms: number | null;
  /** How many milliseconds of `duration_ms` went by before the engine had the sample. */
  starting_ms: number | null;
  /** The program's exit status. */
  exit_code: number | null;
  /** How the engine was run: a row of engine_setups, which may come later. */
  setup: string | null;
  details: JSONColumnType<Record<string, unknown>> | null;
  /** What is closed to the engine in the sample, as far as its agent says so. */
  closed: JSONColumnType<Closed[]> | null;
  /** What it found that is suppressed. */
  suppressed: JSONColumnType<Suppressed[]> | null;
  truncated: Generated<boolean>;
  /** Whether it bars CLEAN, for an engine that is no AV engine. */
  bars_clean: Generated<boolean>;
  /** The scan in which the engine said it, for a copy; it may have been deleted. */
  reused_from: number | null;
  /** The verdict, if it is INFECTED or SUSPICIOUS. */
  finding: GeneratedAlways<EngineVerdict> | null;
  /** The state, if it is final and not DONE. */
  failure: GeneratedAlways<ResultState> | null;
}

/** Results that took 10 s or longer, so that they can be found. */
export interface SlowResultsTable {
  engine_id: number;
  scan_id: number;
  duration_ms: number;
}

/** Scans that were submitted together. */
export interface BatchesTable {
  id: Generated<number>;
  /** How many scans were accepted. */
  total: number;
  created_at: GeneratedTimestamp;
  /** The part of its revision that scans had which were deleted since, and one for each time that it grew. */
  deleted_revisions: Generated<number>;
}

/** Submissions that return the first answer when they are sent again within a day. */
export interface IdempotencyKeysTable {
  /** An API key's id, or empty while the mesh asks for none. */
  owner: string;
  key: string;
  /** sha256 of the input in hex. */
  input_hash: string;
  /** The scan or batch that the first one created. */
  scan_id: number | null;
  batch_id: number | null;
  created_at: GeneratedTimestamp;
}

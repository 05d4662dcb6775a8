/** Row types of verdicts that change with an engine's signatures. */

import type { Generated } from "kysely";
import type { EngineVerdict } from "../states.js";
import type { VerdictRunState } from "../verdict-runs.js";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** Engines whose updates are followed. */
export interface VerdictFollowsTable {
  engine_id: number;
  /** Engine and signatures, as all hosts that have the engine announced them last. */
  version: string | null;
  since: GeneratedTimestamp;
}

/** From the newest sample to the oldest, after an update. */
export interface VerdictRunsTable {
  id: Generated<number>;
  engine_id: number;
  version: string;
  state: Generated<VerdictRunState>;
  /** Samples with smaller ids are still to be looked at; null: all. */
  before_sample: number | null;
  checked: Generated<number>;
  failed: Generated<number>;
  flips: Generated<number>;
  /** Not before then the next sample. */
  next_at: GeneratedTimestamp;
  started_at: GeneratedTimestamp;
  ended_at: NullableTimestamp;
}

/** Scans of a run that are under way. */
export interface VerdictChecksTable {
  scan_id: number;
  run_id: number;
  engine_id: number;
}

/** Verdicts that have changed. */
export interface VerdictFlipsTable {
  id: Generated<number>;
  run_id: number;
  engine_id: number;
  sample_id: number;
  scan_id: number;
  /** The scan with the verdict before; it may have been deleted. */
  previous: number;
  from_verdict: EngineVerdict | null;
  to_verdict: EngineVerdict | null;
  from_signature: string | null;
  to_signature: string | null;
  from_version: string | null;
  to_version: string | null;
  at: GeneratedTimestamp;
}

/** Row types of imports from MultiAV2. */

import type { Generated, GeneratedAlways } from "kysely";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** Databases of MultiAV2 that were imported, and how far. */
export interface ImportsTable {
  id: GeneratedAlways<number>;
  /** Names the database: the cluster's identifier and the database's oid. */
  source: string;
  /** Reports up to this id are scans of the same id. */
  kept_ids_to: number;
  /** Every report up to this id is imported. */
  last_report: Generated<number>;
  started_at: GeneratedTimestamp;
  finished_at: NullableTimestamp;
}

/** Reports that could not keep their ids. */
export interface ImportedReportsTable {
  import_id: number;
  report_id: number;
  scan_id: number;
}

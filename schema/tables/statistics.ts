/** Row types of the hourly statistics. */

import type { Generated } from "kysely";
import type { Timestamp } from "./columns.js";

/** Locks, one for each reader of final scans. The other columns are for gateways of older versions. */
export interface FinalMarksTable {
  reader: "statistics" | "webhooks";
  end_date: Timestamp;
  scan_id: number;
}

/** Scans that have become final and are not in the statistics yet. */
export interface UncountedScansTable {
  scan_id: number;
}

/** Scans by the hour (UTC) in which they became final, by verdict. */
export interface HourlyScansTable {
  hour: Timestamp;
  inconclusive: Generated<number>;
  clean: Generated<number>;
  suspicious: Generated<number>;
  infected: Generated<number>;
  /** Bytes of their samples. */
  bytes: Generated<number>;
}

/** Results of those scans by engine. */
export interface HourlyEnginesTable {
  hour: Timestamp;
  engine_id: number;
  clean: Generated<number>;
  suspicious: Generated<number>;
  infected: Generated<number>;
  /** DONE without a verdict. */
  silent: Generated<number>;
  unscanned: Generated<number>;
  failed: Generated<number>;
  timeout: Generated<number>;
  no_agent: Generated<number>;
  cancelled: Generated<number>;
  /** Of {@link failed}: given up after five deliveries. */
  dead: Generated<number>;
  /** Verdicts in scans that are not INCONCLUSIVE, and those of them that agree whether the sample is a detection. */
  compared: Generated<number>;
  agreed: Generated<number>;
  /** Results with a duration, and the sum of these in milliseconds. */
  timed: Generated<number>;
  timed_ms: Generated<number>;
}

/** Durations of results, in logarithmic buckets. */
export interface HourlyDurationsTable {
  hour: Timestamp;
  engine_id: number;
  bucket: number;
  results: number;
}

/** Times from a scan's acceptance to its end, in the same buckets. */
export interface HourlyWaitsTable {
  hour: Timestamp;
  bucket: number;
  scans: number;
}

/** Detections by signature. */
export interface HourlySignaturesTable {
  hour: Timestamp;
  engine_id: number;
  /** Its first 256 characters. */
  signature: string;
  results: number;
}

/** Scans by their sample's MIME type. */
export interface HourlyTypesTable {
  hour: Timestamp;
  mime: string;
  scans: number;
  /** Those that are SUSPICIOUS or INFECTED. */
  detected: number;
}

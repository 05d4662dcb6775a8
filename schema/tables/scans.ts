/** Row types of the Postgres tables, for Kysely. `npm run check` compares them with a migrated database. */

import type { Generated, GeneratedAlways, JSONColumnType } from "kysely";
import type { EngineSpeed, PluginType, Speed } from "./classes.js";
import type { Labels, Priority } from "./scan-options.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";
import type { EngineVerdict, ResultState, Skipped, Verdict } from "./states.js";
import type { ApiKeysTable, ApiKeyUsageTable, AuditEventsTable } from "./tables-callers.js";
import type { StatisticsTables } from "./tables-statistics.js";
import type { WebhookTables } from "./tables-webhooks.js";

/** Bytes, named by their sha256. */
export interface SamplesTable {
  id: GeneratedAlways<number>;
  /** Lower-case hex, unique. */
  sha256: string;
  md5: string;
  sha1: string;
  /** Bytes. */
  size: number;
  /** MIME type by the first 4 KiB. */
  mime: string;
  /** Names the chunks in SAMPLES; null when the bytes are not stored. */
  blob: string | null;
  /** Stream sequences of the chunks in the ISOLATED account, in order. */
  isolated_chunks: number[] | null;
  /** The same in the INTERNET account, while an open scan needs them there. */
  internet_chunks: number[] | null;
  first_seen: GeneratedTimestamp;
}

/** One request to examine a sample. */
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
  /** Counts every visible change. */
  revision: Generated<number>;
  /** The transaction that accepted it, or that last changed its verdict or its end: a full transaction id. */
  changed_in: Generated<string>;
  /** Engines left out, with their reasons. */
  skipped: JSONColumnType<Skipped[]>;
  labels: JSONColumnType<Labels, string | undefined>;
  priority: Generated<Priority>;
  /** Detections after which the engines that are left are not waited for. */
  stop_after: number | null;
  batch_id: number | null;
  /** A scan that this one repeats; it may have been deleted. */
  previous: number | null;
}

/** What one engine said in one scan. */
export interface ResultsTable {
  scan_id: number;
  engine_id: number;
  state: Generated<ResultState>;
  verdict: EngineVerdict | null;
  /** The signature's name. */
  signature: string | null;
  /** Why it did not finish. */
  error: string | null;
  engine_version: string | null;
  signature_version: string | null;
  signature_date: NullableTimestamp;
  /** The container image it ran in: its id, and its digest in a registry. */
  image_id: string | null;
  image_digest: string | null;
  agent: string | null;
  started_at: NullableTimestamp;
  ended_at: NullableTimestamp;
  /** Milliseconds the engine ran. */
  duration_ms: number | null;
  details: JSONColumnType<Record<string, unknown>> | null;
  truncated: Generated<boolean>;
  /** The scan in which the engine said it, for a copy; it may have been deleted. */
  reused_from: number | null;
  /** The verdict, if it is INFECTED or SUSPICIOUS. */
  finding: GeneratedAlways<EngineVerdict> | null;
  /** The state, if it is final and not DONE. */
  failure: GeneratedAlways<ResultState> | null;
}

/** The catalogue: every engine that an agent ever announced. */
export interface EnginesTable {
  id: GeneratedAlways<number>;
  name: string;
  type: PluginType;
  speed: EngineSpeed;
  internet: boolean;
  input: "file" | "hash";
  accepts: string[] | null;
  enabled: Generated<boolean>;
  engine_version: string | null;
  signature_version: string | null;
  signature_date: NullableTimestamp;
  /** When a healthy agent last announced it. */
  last_healthy_at: NullableTimestamp;
  /** Why no agent that is there can run it; null while one can, or none is there. */
  unhealthy: string | null;
  created_at: GeneratedTimestamp;
}

/** Requests to publish: one row per scan and class subject, kept until the scan is final. */
export interface OutboxTable {
  id: GeneratedAlways<number>;
  scan_id: number;
  speed: EngineSpeed;
  internet: boolean;
  /** The engines named in the request. */
  engine_ids: number[];
  created_at: GeneratedTimestamp;
  published_at: NullableTimestamp;
  /** Creation time of the stream that holds it: another one means that the stream was made anew. */
  stream_created: string | null;
  /** Its sequence in SCANS, by the PubAck. */
  seq: number | null;
  /** Not to be published yet: it waits for room. When it is let go, `created_at` says when. */
  held: Generated<boolean>;
}

/** Upload URLs that were issued, until they expire. */
export interface UploadsTable {
  id: string;
  expires_at: Timestamp;
  /** Set when its bytes have arrived. */
  sample_id: number | null;
  /** Who issued it; null while the mesh asks for no key. */
  key_id: string | null;
}

/** What the sweep remembers of each account's streams; locked while it works there. */
export interface SweepMarksTable {
  account: "ISOLATED" | "INTERNET";
  /** SAMPLES was walked up to this sequence for orphans, in the stream created then. */
  samples_seq: Generated<number>;
  samples_created: string | null;
  /** SCANS had this last sequence at that time. */
  scans_seq: Generated<number>;
  scans_at: NullableTimestamp;
}

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

/** Scans that were submitted together. */
export interface BatchesTable {
  id: Generated<number>;
  /** How many scans were accepted. */
  total: number;
  created_at: GeneratedTimestamp;
  /** The part of its revision that scans had which were deleted since. */
  deleted_revisions: Generated<number>;
}

/** Submissions that can be sent again without being made again, for a day. */
export interface IdempotencyKeysTable {
  /** An API key's id, or empty while the mesh asks for none. */
  owner: string;
  key: string;
  /** sha256 of the input in hex. */
  input_hash: string;
  /** What was made: a scan or a batch. */
  scan_id: number | null;
  batch_id: number | null;
  created_at: GeneratedTimestamp;
}

/** Messages to be deleted from the bus, now that nobody needs them. */
export interface RemovalsTable {
  id: GeneratedAlways<number>;
  internet: boolean;
  /** Set for requests: when the SCANS that holds them was created. */
  stream_created: string | null;
  /** Set for the chunks of a sample in SAMPLES. */
  blob: string | null;
  /** Their sequences; a blob's in the order of its chunks. */
  seqs: number[];
  created_at: GeneratedTimestamp;
}

/** What an agent is to be until somebody says otherwise; without a row it is to take work. */
export interface AgentOrdersTable {
  agent: string;
  state: "CORDONED" | "DRAINING";
  ordered_at: GeneratedTimestamp;
}

/** The database. */
export interface Tables extends StatisticsTables, WebhookTables {
  samples: SamplesTable;
  scans: ScansTable;
  results: ResultsTable;
  engines: EnginesTable;
  outbox: OutboxTable;
  uploads: UploadsTable;
  sweep_marks: SweepMarksTable;
  imports: ImportsTable;
  imported_reports: ImportedReportsTable;
  api_keys: ApiKeysTable;
  api_key_usage: ApiKeyUsageTable;
  audit_events: AuditEventsTable;
  batches: BatchesTable;
  idempotency_keys: IdempotencyKeysTable;
  removals: RemovalsTable;
  agent_orders: AgentOrdersTable;
}

/** Row types of messages to publish on the bus and to remove from it. */

import type { Generated, GeneratedAlways } from "kysely";
import type { EngineSpeed } from "../classes.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";

/** Requests to publish: one row per scan and class subject, kept until the scan is final. */
export interface OutboxTable {
  id: GeneratedAlways<number>;
  scan_id: number;
  speed: EngineSpeed;
  internet: boolean;
  /** The engines named in the request. */
  engine_ids: number[];
  /** In the future for a returned request that is to wait a little. */
  created_at: GeneratedTimestamp;
  published_at: NullableTimestamp;
  /** Creation time of the stream that holds it: another one means that the stream was made anew. */
  stream_created: string | null;
  /** Its sequence in SCANS, by the PubAck. */
  seq: number | null;
  /** How often it has ended an agent before it was returned and inserted again. */
  crashes: Generated<number>;
  /** Not to be published yet: it waits for capacity. When it is released, `created_at` is set anew. */
  held: Generated<boolean>;
}

/** Messages to delete from the bus because nobody needs them any more. */
export interface RemovalsTable {
  id: GeneratedAlways<number>;
  internet: boolean;
  /** Set for requests: when the SCANS that holds them was created. */
  stream_created: string | null;
  /** Set for the bytes of a sample. */
  blob: string | null;
  /** The sequences of requests; or where the bytes are, as in `samples`. */
  seqs: number[];
  created_at: GeneratedTimestamp;
}

/** How far the sweep has read the streams of each account; the row is locked while it works there. */
export interface SweepMarksTable {
  account: "ISOLATED" | "INTERNET";
  /** The position of the walk over the sample store for orphans (on NATS: a sequence, in the stream created then). */
  samples_seq: Generated<number>;
  samples_created: string | null;
  /** SCANS had this last sequence at that time. */
  scans_seq: Generated<number>;
  scans_at: NullableTimestamp;
}

/** The gateways that run. */
export interface GatewaysTable {
  /** Made at each start. */
  id: string;
  host: string;
  version: string;
  node_version: string;
  started_at: Timestamp;
  seen_at: GeneratedTimestamp;
  nats_connected: boolean;
  /** Bytes; null where it cannot be found out. */
  disk_free: number | null;
  memory_bytes: number;
  /** The newest way of sealing samples that it reads; null: none. */
  sealing: number | null;
  /** The newest version of messages that it reads. */
  messages: Generated<number>;
}

/** Ways of sealing samples that are in use, and since when. */
export interface SealingTable {
  version: number;
  since: GeneratedTimestamp;
}

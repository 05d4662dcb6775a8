/** Row types of those who call, and of what they did. */

import type { GeneratedAlways, JSONColumnType } from "kysely";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";
import type { Scope } from "./scopes.js";

/** API keys: who may do what. Never deleted, so that the audit can name them. */
export interface ApiKeysTable {
  /** The public part, between `sm_` and the secret. */
  id: string;
  name: string;
  /** sha256 of the secret. */
  hash: Buffer;
  scopes: Scope[];
  /** Requests a second; null: as many as there are. */
  rate: number | null;
  /** Scans a day, by UTC; null: as many as there are. */
  daily_scans: number | null;
  created_at: GeneratedTimestamp;
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
  /** Noted now and then, not at each use. */
  last_used_at: NullableTimestamp;
}

/** Scans that a key with a quota has had on its last day. */
export interface ApiKeyUsageTable {
  key_id: string;
  day: Timestamp;
  scans: number;
}

/** Every action that changed something; rows are only ever added. */
export interface AuditEventsTable {
  id: GeneratedAlways<number>;
  at: GeneratedTimestamp;
  /** Null while the mesh asks for no key. */
  key_id: string | null;
  address: string;
  request_id: string;
  /** The verb, e.g. `cancelScan`. */
  action: string;
  /** What it was done to, e.g. a scan's number. */
  subject: string;
  details: JSONColumnType<Record<string, unknown>>;
}

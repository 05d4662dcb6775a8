/** Row types of API keys. */

import type { Scope } from "../scopes.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";

/** API keys: who may do what. Never deleted, so that the audit can name them. */
export interface ApiKeysTable {
  /** The public part, between `sm_` and the secret. */
  id: string;
  name: string;
  /** sha256 of the secret. */
  hash: Buffer;
  scopes: Scope[];
  /** Requests a second; null: no limit. */
  rate: number | null;
  /** Scans a day, by UTC; null: no limit. */
  daily_scans: number | null;
  created_at: GeneratedTimestamp;
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
  /** Updated now and then, not at each use. */
  last_used_at: NullableTimestamp;
}

/** Scans that a key with a quota has had on its last day. */
export interface ApiKeyUsageTable {
  key_id: string;
  day: Timestamp;
  scans: number;
}

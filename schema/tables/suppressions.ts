/** Row types of signatures that count for nothing. */

import type { Generated } from "kysely";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** Signatures that operators have suppressed, also those that count again. */
export interface SuppressionsTable {
  id: Generated<number>;
  /** Null: every engine. */
  engine: string | null;
  /** Without ClamAV's `.UNOFFICIAL`. */
  signature: string;
  reason: string;
  created_at: GeneratedTimestamp;
  /** Null: never. */
  expires_at: NullableTimestamp;
  /** When it was lifted, or replaced after it had expired. */
  ended_at: NullableTimestamp;
}

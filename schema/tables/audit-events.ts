/** Row type of the audit. */

import type { GeneratedAlways, JSONColumnType } from "kysely";
import type { GeneratedTimestamp } from "./columns.js";

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

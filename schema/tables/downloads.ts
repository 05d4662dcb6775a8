/** Row type of downloads. */

import type { JSONColumnType } from "kysely";
import type { Timestamp } from "./columns.js";

/** Download URLs that were issued, each until it is used or over. */
export interface DownloadsTable {
  /** sha256 of the token in the URL. */
  token_hash: Buffer;
  /** What it gives. */
  request: JSONColumnType<Record<string, unknown>>;
  /** Who issued it; null while the mesh asks for no key. */
  key_id: string | null;
  expires_at: Timestamp;
}

/** Row types of samples and of uploads of their bytes. */

import type { GeneratedAlways } from "kysely";
import type { GeneratedTimestamp, Timestamp } from "./columns.js";

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
  /** The id of the bytes in the sample store; null if they are not stored. */
  blob: string | null;
  /** The key that the blob's chunks are sealed with; null if they are not sealed. */
  blob_key: Buffer | null;
  /** Where the bytes are in the ISOLATED account; only the sample store reads it (on NATS: the sequences of the chunks). */
  isolated_chunks: number[] | null;
  /** The same in the INTERNET account, while an open scan needs them there. */
  internet_chunks: number[] | null;
  first_seen: GeneratedTimestamp;
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

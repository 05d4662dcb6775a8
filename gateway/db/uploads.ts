import { sql } from "kysely";
import type { Database, Tx } from "./database.js";
import { readSample, type StoredSample } from "./samples.js";

/** Inserts an upload. Returns when it expires, by Postgres's clock. */
export async function insertUpload(db: Database, id: string, ttlMs: number, keyId: string | null): Promise<Date> {
  const row = await db
    .insertInto("uploads")
    .values({ id, expires_at: sql<Date>`now() + ${ttlMs} * interval '1 millisecond'`, sample_id: null, key_id: keyId })
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

/** The present state of an upload. */
export interface UploadRecord {
  readonly expired: boolean;
  /** The key that it was issued to. */
  readonly keyId: string | null;
  /** Undefined until its bytes have arrived. */
  readonly sample: StoredSample | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The upload with this id. A malformed id finds nothing; Postgres would refuse the statement. */
export async function findUpload(db: Database, id: string): Promise<UploadRecord | undefined> {
  if (!UUID.test(id)) return undefined;
  const row = await db
    .selectFrom("uploads")
    .select(["sample_id", "key_id", sql<boolean>`expires_at < now()`.as("expired")])
    .where("id", "=", id)
    .executeTakeFirst();
  if (!row) return undefined;
  const sample = row.sample_id === null ? undefined : await readSample(db, row.sample_id);
  return { expired: row.expired, keyId: row.key_id, sample };
}

/** Sets the sample of an upload. Returns false if it already has one or is gone. */
export async function fillUpload(tx: Tx, id: string, sampleId: number): Promise<boolean> {
  const updated = await tx
    .updateTable("uploads")
    .set({ sample_id: sampleId })
    .where("id", "=", id)
    .where("sample_id", "is", null)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** Deletes uploads a day after they expired. Until then callers are told that they have expired. */
export async function removeExpiredUploads(db: Database): Promise<void> {
  await db
    .deleteFrom("uploads")
    .where("expires_at", "<", sql<Date>`now() - interval '1 day'`)
    .execute();
}

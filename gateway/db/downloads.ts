import { sql } from "kysely";
import type { Database } from "./database.js";
import type { TimeCriteria } from "./list-conditions.js";
import type { ScanCriteria } from "./scan-list.js";

/** The format in which a sample is downloaded. */
export type SampleFormat = "raw" | "zip" | "first64KiB";

/** What is downloaded: a sample or a list of scans. */
export type DownloadRequest =
  | { readonly kind: "sample"; readonly sha256: string; readonly format: SampleFormat }
  | { readonly kind: "scans"; readonly criteria: ScanCriteria };

export interface NewDownload {
  readonly tokenHash: Buffer;
  readonly request: DownloadRequest;
  readonly keyId: string | null;
  readonly ttlMs: number;
}

/** Inserts a download. Returns when it expires, by Postgres's clock. */
export async function insertDownload(db: Database, { tokenHash, request, keyId, ttlMs }: NewDownload): Promise<Date> {
  const row = await db
    .insertInto("downloads")
    .values({
      token_hash: tokenHash,
      request: JSON.stringify(request),
      key_id: keyId,
      expires_at: sql<Date>`now() + ${ttlMs} * interval '1 millisecond'`,
    })
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

/** Consumes a download, so that it works only once. Undefined if it was used, has expired, or its key has ended. */
export async function takeDownload(
  db: Database,
  tokenHash: Buffer,
): Promise<{ request: DownloadRequest; keyId: string | null } | undefined> {
  const row = await db
    .deleteFrom("downloads")
    .where("token_hash", "=", tokenHash)
    .where("expires_at", ">", sql<Date>`now()`)
    .where(
      sql<boolean>`not exists (select from api_keys where id = downloads.key_id and (revoked_at is not null or expires_at <= now()))`,
    )
    .returning(["request", "key_id"])
    .executeTakeFirst();
  return row && { request: withTimes(row.request as unknown as DownloadRequest), keyId: row.key_id };
}

/** JSON has times as strings. */
function withTimes(request: DownloadRequest): DownloadRequest {
  if (request.kind !== "scans") return request;
  const time = (text: Date | undefined) => (text === undefined ? undefined : new Date(text));
  const times = (range: TimeCriteria | undefined) => range && { since: time(range.since), until: time(range.until) };
  const { started, ended } = request.criteria;
  return { ...request, criteria: { ...request.criteria, started: times(started), ended: times(ended) } };
}

/** Deletes expired downloads. */
export async function removeExpiredDownloads(db: Database): Promise<void> {
  await db
    .deleteFrom("downloads")
    .where("expires_at", "<=", sql<Date>`now()`)
    .execute();
}

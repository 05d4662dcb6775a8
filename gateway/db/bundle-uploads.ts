import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** The upload of a bundle. */
export interface BundleUploadRecord {
  readonly engineId: number;
  readonly engine: string;
  readonly internet: boolean;
  readonly set: string;
  readonly keyId: string | null;
  /** The fetcher's job that it belongs to; null if a person asked for it. */
  readonly job: string | null;
  readonly source: string;
  readonly expired: boolean;
  /** The bundle that it was published as; null if it is not published yet. */
  readonly bundleId: number | null;
  /** The comment of the ruleset version that it becomes; null if it becomes a bundle. */
  readonly rulesetComment: string | null;
  /** The ruleset version that was made of it. */
  readonly rulesetVersion: number | null;
}

/** An upload to permit. */
export type NewBundleUpload = Pick<BundleUploadRecord, "engineId" | "set" | "keyId" | "job" | "source"> & {
  readonly tokenHash: string;
  readonly ttlMs: number;
  /** For a ruleset. */
  readonly comment?: string;
};

/** Inserts an upload. Of a set's fetch jobs only the latest can upload. Returns when the upload expires, by Postgres's clock. */
export async function insertBundleUpload(tx: Tx, upload: NewBundleUpload) {
  const { engineId, set, ttlMs, tokenHash, keyId, job, source, comment } = upload;
  if (job !== null)
    await tx
      .deleteFrom("bundle_uploads")
      .where("engine_id", "=", engineId)
      .where("set_name", "=", set)
      .where("job", "is not", null)
      .execute();
  const { expires_at } = await tx
    .insertInto("bundle_uploads")
    .values({
      token_hash: tokenHash,
      engine_id: engineId,
      set_name: set,
      key_id: keyId,
      job,
      source,
      ruleset_comment: comment ?? null,
      expires_at: sql<Date>`now() + ${ttlMs} * interval '1 millisecond'`,
    })
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return expires_at;
}

/** With `lock`, nobody else can publish it until the transaction ends. */
export async function findBundleUpload(
  db: Database | Tx,
  tokenHash: string,
  { lock = false } = {},
): Promise<BundleUploadRecord | undefined> {
  const query = db
    .selectFrom("bundle_uploads as upload")
    .innerJoin("engines as engine", "engine.id", "upload.engine_id")
    .select([
      "upload.engine_id as engineId",
      "engine.name as engine",
      "engine.internet",
      "upload.set_name as set",
      "upload.key_id as keyId",
      "upload.job",
      "upload.source",
      sql<boolean>`upload.expires_at < now()`.as("expired"),
      "upload.bundle_id as bundleId",
      "upload.ruleset_comment as rulesetComment",
      "upload.ruleset_version as rulesetVersion",
    ])
    .where("upload.token_hash", "=", tokenHash);
  return (lock ? query.forUpdate("upload") : query).executeTakeFirst();
}

/** Notes which bundle was published with it. */
export async function markPublished(tx: Tx, tokenHash: string, bundleId: number): Promise<void> {
  await tx.updateTable("bundle_uploads").set({ bundle_id: bundleId }).where("token_hash", "=", tokenHash).execute();
}

/** Notes which version of a ruleset was made of it. */
export async function markRulesetMade(tx: Tx, tokenHash: string, versionId: number): Promise<void> {
  await tx.updateTable("bundle_uploads").set({ ruleset_version: versionId }).where("token_hash", "=", tokenHash).execute();
}

/** Forgets an upload that led to nothing. */
export async function deleteBundleUpload(db: Database, tokenHash: string): Promise<void> {
  await db.deleteFrom("bundle_uploads").where("token_hash", "=", tokenHash).execute();
}

/** Since when files of bundles may have been arriving in this class; null if no upload is open. `ttlMs` is the lifetime of every upload. */
export async function filesComeSince(db: Database | Tx, internet: boolean, ttlMs: number): Promise<Date | null> {
  const { rows } = await sql<{ since: Date | null }>`
    select min(upload.expires_at) - ${ttlMs} * interval '1 millisecond' as since
    from bundle_uploads upload join engines engine on engine.id = upload.engine_id
    where engine.internet = ${internet} and upload.expires_at > now() and upload.bundle_id is null
      and upload.ruleset_version is null`.execute(db);
  return rows[0]?.since ?? null;
}

/** Deletes uploads a day after they expired. Until then callers are told that they have expired. */
export async function removeExpiredBundleUploads(db: Database): Promise<void> {
  await db
    .deleteFrom("bundle_uploads")
    .where("expires_at", "<", sql<Date>`now() - interval '1 day'`)
    .execute();
}

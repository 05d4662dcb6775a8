import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** A bundle that is being sent. */
export interface BundleUploadRecord {
  readonly engineId: number;
  readonly engine: string;
  readonly internet: boolean;
  readonly set: string;
  readonly keyId: string | null;
  /** The fetcher's look that it is for; null: somebody asked for it. */
  readonly job: string | null;
  readonly source: string;
  readonly expired: boolean;
  /** What was published with it; null: nothing yet. */
  readonly bundleId: number | null;
  /** What is sent becomes a version of a ruleset with this comment; null: it becomes a bundle. */
  readonly rulesetComment: string | null;
  /** The version that was made of it. */
  readonly rulesetVersion: number | null;
}

/** A bundle that somebody may send. */
export type NewBundleUpload = Pick<BundleUploadRecord, "engineId" | "set" | "keyId" | "job" | "source"> & {
  readonly tokenHash: string;
  readonly ttlMs: number;
  /** Of a ruleset. */
  readonly comment?: string;
};

/** Inserts it. Of a set only one look of a fetcher can send at a time: the latest. Returns when it expires, by Postgres's clock. */
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

/** `lock`: nobody else publishes with it until the transaction ends. */
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

/** Notes what was published with it. */
export async function markPublished(tx: Tx, tokenHash: string, bundleId: number): Promise<void> {
  await tx.updateTable("bundle_uploads").set({ bundle_id: bundleId }).where("token_hash", "=", tokenHash).execute();
}

/** Notes which version of a ruleset was made of it. */
export async function markRulesetMade(tx: Tx, tokenHash: string, versionId: number): Promise<void> {
  await tx.updateTable("bundle_uploads").set({ ruleset_version: versionId }).where("token_hash", "=", tokenHash).execute();
}

/** Forgets an upload of which nothing came. */
export async function deleteBundleUpload(db: Database, tokenHash: string): Promise<void> {
  await db.deleteFrom("bundle_uploads").where("token_hash", "=", tokenHash).execute();
}

/** Since when somebody may have been sending files of bundles in this class; null: nobody sends any. `ttlMs` is that of all uploads. */
export async function filesComeSince(db: Database | Tx, internet: boolean, ttlMs: number): Promise<Date | null> {
  const { rows } = await sql<{ since: Date | null }>`
    select min(upload.expires_at) - ${ttlMs} * interval '1 millisecond' as since
    from bundle_uploads upload join engines engine on engine.id = upload.engine_id
    where engine.internet = ${internet} and upload.expires_at > now() and upload.bundle_id is null
      and upload.ruleset_version is null`.execute(db);
  return rows[0]?.since ?? null;
}

/** Deletes those that expired a day ago; until then callers are told that they have. */
export async function removeExpiredBundleUploads(db: Database): Promise<void> {
  await db
    .deleteFrom("bundle_uploads")
    .where("expires_at", "<", sql<Date>`now() - interval '1 day'`)
    .execute();
}

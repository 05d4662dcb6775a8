import { sql } from "kysely";
import { bareSignature } from "../../schema/suppressed.js";
import type { Database, Tx } from "./database.js";
import { elements, runPrepared } from "./prepared.js";

/** A suppressed signature, or one that was suppressed. */
export interface SuppressionRecord {
  readonly id: number;
  /** Null means every engine. */
  readonly engine: string | null;
  readonly signature: string;
  readonly reason: string;
  readonly createdAt: Date;
  /** Null means never. */
  readonly expiresAt: Date | null;
  /** When the suppression ended; null if it has not. */
  readonly endedAt: Date | null;
}

/** A signature to suppress. */
export type NewSuppression = Pick<SuppressionRecord, "engine" | "signature" | "reason" | "expiresAt">;

/** How long ended suppressions are listed. */
const KEPT_DAYS = 90;

const columns = [
  "id",
  "engine",
  "signature",
  "reason",
  "created_at as createdAt",
  "expires_at as expiresAt",
  sql<Date | null>`coalesce(ended_at, case when expires_at <= now() then expires_at end)`.as("endedAt"),
] as const;

/** Whether a row of `suppressions` is in force now. */
export const isLive = sql<boolean>`(suppressions.ended_at is null and coalesce(suppressions.expires_at > now(), true))`;

/** Locks the list for changes. The number in force changes only under this lock. */
export async function lockSuppressions(tx: Tx): Promise<void> {
  await sql`lock table suppressions in share row exclusive mode`.execute(tx);
}

/** How many are in force now. */
export async function countLive(tx: Tx): Promise<number> {
  const { rows } = await sql<{ live: number }>`select count(*) as live from suppressions where ${isLive}`.execute(tx);
  return rows[0]?.live ?? 0;
}

/** Inserts a suppression; one in force for the same engine and signature gets the new reason and expiry. */
export async function upsertSuppression(
  tx: Tx,
  { engine, signature, reason, expiresAt }: NewSuppression,
): Promise<SuppressionRecord> {
  await sql`update suppressions set ended_at = expires_at where ended_at is null and expires_at <= now()`.execute(tx);
  await sql`delete from suppressions where ended_at < now() - make_interval(days => ${KEPT_DAYS})`.execute(tx);
  return tx
    .insertInto("suppressions")
    .values({ engine, signature, reason, expires_at: expiresAt })
    .onConflict((conflict) =>
      conflict
        .expression(sql`signature, (coalesce(lower(engine), ''))`)
        .where("ended_at", "is", null)
        .doUpdateSet({ reason, expires_at: expiresAt }),
    )
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Lifts a suppression. Returns its new state and whether this call lifted it; undefined if there is none. */
export async function endSuppression(
  tx: Tx,
  id: number,
): Promise<{ suppression: SuppressionRecord; changed: boolean } | undefined> {
  const before = await tx.selectFrom("suppressions").select(columns).where("id", "=", id).forUpdate().executeTakeFirst();
  if (!before || before.endedAt !== null) return before && { suppression: before, changed: false };
  const suppression = await tx
    .updateTable("suppressions")
    .set({ ended_at: sql<Date>`now()` })
    .where("id", "=", id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return { suppression, changed: true };
}

/** A page of suppressions, the newest first; ended ones only on request. */
export async function listSuppressions(
  db: Database,
  { ended, after, limit }: { ended: boolean; after: number | undefined; limit: number },
): Promise<SuppressionRecord[]> {
  let query = db.selectFrom("suppressions").select(columns).orderBy("id", "desc").limit(limit);
  if (!ended) query = query.where(isLive);
  if (after !== undefined) query = query.where("id", "<", after);
  return query.execute();
}

/** A suppression in force for an engine's subject token; null means every engine. */
export interface LiveSuppression {
  readonly engine: string | null;
  readonly signature: string;
  readonly reason: string;
}

/** The suppressions in force for these signatures. */
export async function findSuppressions(db: Database, signatures: readonly string[]): Promise<LiveSuppression[]> {
  const names = elements([...new Set(signatures.map(bareSignature))], "text");
  return runPrepared(
    db,
    "find suppressions",
    sql<LiveSuppression>`
      select lower(engine) as engine, signature, reason from suppressions
      where signature = any(${names}) and ${isLive} order by engine nulls last`,
  );
}

/** All suppressions in force. */
export async function readLiveSuppressions(db: Database): Promise<Pick<LiveSuppression, "engine" | "signature">[]> {
  return db
    .selectFrom("suppressions")
    .select([sql<string | null>`lower(engine)`.as("engine"), "signature"])
    .where(isLive)
    .execute();
}

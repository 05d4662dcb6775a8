import { sql } from "kysely";
import type { Scope } from "../../schema/scopes.js";
import type { Database, Tx } from "./database.js";

/** A key as it may be shown: without its hash. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate: number | null;
  readonly dailyScans: number | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  /** Only counted for keys with a quota. */
  readonly scansToday: number | null;
}

const scansToday = sql<number | null>`case when api_keys.daily_scans is not null then coalesce((
  select scans from api_key_usage where key_id = api_keys.id and day = (now() at time zone 'utc')::date), 0) end`;

const columns = [
  "id",
  "name",
  "scopes",
  "rate",
  "daily_scans as dailyScans",
  "created_at as createdAt",
  "expires_at as expiresAt",
  "revoked_at as revokedAt",
  "last_used_at as lastUsedAt",
  scansToday.as("scansToday"),
] as const;

/** A key to insert. */
export interface NewApiKey {
  readonly id: string;
  readonly hash: Buffer;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate: number | null;
  readonly dailyScans: number | null;
  readonly expiresAt: Date | null;
}

export async function insertApiKey(
  tx: Tx,
  { id, hash, name, scopes, rate, dailyScans, expiresAt }: NewApiKey,
): Promise<ApiKeyRecord> {
  return tx
    .insertInto("api_keys")
    .values({ id, hash, name, scopes: [...scopes], rate, daily_scans: dailyScans, expires_at: expiresAt })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** All keys, the newest first; revoked ones only on request. */
export async function readApiKeys(db: Database, { revoked }: { revoked: boolean }): Promise<ApiKeyRecord[]> {
  const all = db.selectFrom("api_keys").select(columns).orderBy("created_at", "desc").orderBy("id", "desc");
  return (revoked ? all : all.where("revoked_at", "is", null)).execute();
}

/** A page of keys, the newest first. Keys are never deleted, so the key before the page always exists. */
export async function listApiKeys(
  db: Database,
  { revoked, after, limit }: { revoked: boolean; after: string | undefined; limit: number },
): Promise<ApiKeyRecord[]> {
  let query = db.selectFrom("api_keys").select(columns).orderBy("created_at", "desc").orderBy("id", "desc").limit(limit);
  if (!revoked) query = query.where("revoked_at", "is", null);
  if (after !== undefined)
    query = query.where(sql<boolean>`(created_at, id) < (select created_at, id from api_keys where id = ${after})`);
  return query.execute();
}

export async function readApiKey(db: Database, id: string): Promise<ApiKeyRecord | undefined> {
  return db.selectFrom("api_keys").select(columns).where("id", "=", id).executeTakeFirst();
}

/** Revokes a key. Returns its new state and whether this call revoked it; undefined if there is none. */
export async function revokeApiKeyRow(tx: Tx, id: string): Promise<{ key: ApiKeyRecord; changed: boolean } | undefined> {
  const before = await tx.selectFrom("api_keys").select(columns).where("id", "=", id).forUpdate().executeTakeFirst();
  if (!before || before.revokedAt !== null) return before && { key: before, changed: false };
  const key = await tx
    .updateTable("api_keys")
    .set({ revoked_at: sql<Date>`now()` })
    .where("id", "=", id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return { key, changed: true };
}

/** A valid key with its hash. */
export interface UsableKey {
  readonly id: string;
  readonly hash: Buffer;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate: number | null;
  readonly dailyScans: number | null;
  readonly lastUsedAt: Date | null;
}

/** Which of the keys are neither revoked nor expired, by Postgres's clock. */
export async function readUsableKeys(db: Database, ids: readonly string[]): Promise<UsableKey[]> {
  return db
    .selectFrom("api_keys")
    .select(["id", "hash", "name", "scopes", "rate", "daily_scans as dailyScans", "last_used_at as lastUsedAt"])
    .where("id", "=", sql<string>`any(${[...ids]}::text[])`)
    .where("revoked_at", "is", null)
    .where((is) => is.or([is("expires_at", "is", null), is("expires_at", ">", sql<Date>`now()`)]))
    .execute();
}

/** Records that keys were used just now. A key that another gateway is updating is skipped. */
export async function writeKeyUse(db: Database, ids: readonly string[]): Promise<void> {
  await sql`
    update api_keys set last_used_at = now() where id in
      (select id from api_keys where id = any(${ids}::text[]) order by id for no key update skip locked)`.execute(db);
}

import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { JoinKeys } from "../../schema/join-token.js";
import type { Database, Tx } from "./database.js";
import type { JoinRefusalRecord } from "./join-refusals.js";

/** A token as it may be shown: without the keys derived from its secret. */
export interface JoinTokenRecord {
  readonly id: string;
  readonly class: InternetClass;
  readonly namePattern: string | null;
  readonly ephemeral: boolean;
  /** Null: no limit. */
  readonly uses: number | null;
  readonly used: number;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** The agents that joined with it, the latest first. */
  readonly agents: readonly string[];
  /** Why other hosts could not join, the latest first. */
  readonly refusals: readonly JoinRefusalRecord[];
}

/** A token to insert. */
export interface NewJoinToken extends JoinKeys {
  readonly class: InternetClass;
  readonly namePattern: string | null;
  readonly ephemeral: boolean;
  readonly uses: number | null;
  /** Null: it never expires. */
  readonly ttlSeconds: number | null;
}

/** How long ended tokens are listed. */
const KEPT_DAYS = 30;
const LISTED = 500;

const columns = [
  "id",
  sql<InternetClass>`case when internet then 'internet' else 'isolated' end`.as("class"),
  "name_pattern as namePattern",
  "ephemeral",
  "uses",
  "used",
  "created_at as createdAt",
  "expires_at as expiresAt",
  "revoked_at as revokedAt",
  sql<string[]>`array(select agent from joins where token_id = join_tokens.id order by joined_at desc, agent)`.as("agents"),
  sql<JoinRefusalRecord[]>`array(select to_jsonb(refusal) - 'token_id' from join_refusals as refusal
    where token_id = join_tokens.id order by at desc, host, code)`.as("refusals"),
] as const;

const isUsable = sql<boolean>`(revoked_at is null and coalesce(expires_at > now(), true) and coalesce(used < uses, true))`;

export async function insertJoinToken(tx: Tx, token: NewJoinToken): Promise<JoinTokenRecord> {
  return tx.insertInto("join_tokens").values(rowOf(token)).returning(columns).executeTakeFirstOrThrow();
}

/** Makes a token known, unless it already is. A revoked one stays revoked. */
export async function insertStandingToken(db: Database, token: NewJoinToken): Promise<void> {
  await db
    .insertInto("join_tokens")
    .values(rowOf(token))
    .onConflict((clash) => clash.column("id").doNothing())
    .execute();
}

function rowOf(token: NewJoinToken) {
  return {
    id: token.id,
    stored_key: token.storedKey,
    server_key: token.serverKey,
    internet: token.class === "internet",
    name_pattern: token.namePattern,
    ephemeral: token.ephemeral,
    uses: token.uses,
    expires_at: token.ttlSeconds === null ? null : sql<Date>`now() + make_interval(secs => ${token.ttlSeconds})`,
  };
}

/** Forgets tokens that ended long ago. */
export async function deleteEndedJoinTokens(tx: Tx): Promise<void> {
  await tx
    .deleteFrom("join_tokens")
    .where(sql<boolean>`least(revoked_at, expires_at) < now() - make_interval(days => ${KEPT_DAYS})`)
    .execute();
}

/** Tokens, the newest first; ended ones only on request. */
export async function readJoinTokens(db: Database, { ended }: { ended: boolean }): Promise<JoinTokenRecord[]> {
  const all = db.selectFrom("join_tokens").select(columns).orderBy("created_at", "desc").orderBy("id").limit(LISTED);
  return (ended ? all : all.where(isUsable)).execute();
}

/** A token's current state, usable or not; undefined if there is none. */
export async function readJoinTokenRecord(db: Database, id: string): Promise<JoinTokenRecord | undefined> {
  return db.selectFrom("join_tokens").select(columns).where("id", "=", id).executeTakeFirst();
}

/** Revokes a token. Returns its new state and whether this call revoked it; undefined if there is none. */
export async function revokeJoinTokenRow(tx: Tx, id: string): Promise<{ token: JoinTokenRecord; changed: boolean } | undefined> {
  const before = await tx.selectFrom("join_tokens").select(columns).where("id", "=", id).forUpdate().executeTakeFirst();
  if (!before || before.revokedAt !== null) return before && { token: before, changed: false };
  const token = await tx
    .updateTable("join_tokens")
    .set({ revoked_at: sql<Date>`now()` })
    .where("id", "=", id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return { token, changed: true };
}

/** A token with the keys derived from its secret, and whether it is usable now. */
export interface UsableJoinToken {
  readonly id: string;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  readonly class: InternetClass;
  readonly namePattern: string | null;
  readonly ephemeral: boolean;
  readonly isRevoked: boolean;
  readonly isExpired: boolean;
  readonly isUsedUp: boolean;
}

/** A token, and whether it is usable. In a transaction it is locked, so that concurrent uses take turns. */
export async function readJoinToken(db: Database | Tx, id: string): Promise<UsableJoinToken | undefined> {
  const query = db
    .selectFrom("join_tokens")
    .select([
      "id",
      "stored_key as storedKey",
      "server_key as serverKey",
      columns[1],
      "name_pattern as namePattern",
      "ephemeral",
      sql<boolean>`revoked_at is not null`.as("isRevoked"),
      sql<boolean>`coalesce(expires_at <= now(), false)`.as("isExpired"),
      sql<boolean>`coalesce(used >= uses, false)`.as("isUsedUp"),
    ])
    .where("id", "=", id);
  return (db.isTransaction ? query.forUpdate() : query).executeTakeFirst();
}

/** Whether a key has used a token. */
export async function hasUsed(tx: Tx, id: string, publicKey: string): Promise<boolean> {
  const found = await tx
    .selectFrom("joins")
    .select("agent")
    .where((where) => where.and({ token_id: id, public_key: publicKey }))
    .executeTakeFirst();
  return found !== undefined;
}

/** Counts one use of a token. */
export async function useJoinToken(tx: Tx, id: string, publicKey: string, agent: string): Promise<void> {
  await tx.insertInto("joins").values({ token_id: id, public_key: publicKey, agent }).execute();
  await tx
    .updateTable("join_tokens")
    .set({ used: sql<number>`used + 1` })
    .where("id", "=", id)
    .execute();
}

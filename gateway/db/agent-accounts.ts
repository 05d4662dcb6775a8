import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** The account of an agent. */
export interface AgentAccount {
  /** Public key of the account. */
  readonly accountKey: string;
  readonly agent: string;
  readonly internet: boolean;
  /** Public key of the agent. */
  readonly userKey: string;
  /** Subject tokens of the engines whose work it takes. */
  readonly engines: readonly string[];
  readonly revokedAt: Date | null;
  /** A hash of the claims that NATS has confirmed last; null while it is to be told of a change. */
  readonly confirmed: string | null;
}

/** An account as it is to be. */
export type NewAgentAccount = Pick<AgentAccount, "accountKey" | "agent" | "internet" | "userKey" | "engines">;

const columns = [
  "account_key as accountKey",
  "agent",
  "internet",
  "user_key as userKey",
  "engines",
  "revoked_at as revokedAt",
  "confirmed",
] as const;

/**
 * Enters an account, unless the agent has one with the same key: that one is kept as it is. One with another key is revoked. Returns
 * undefined for a key that has not joined, or has no longer: it would have an account that nobody could take from it.
 */
export async function upsertAccount(
  db: Database,
  { accountKey, agent, internet, userKey, engines }: NewAgentAccount,
): Promise<AgentAccount | undefined> {
  return db.transaction().execute(async (tx) => {
    // Hosts that join under one name at the same time come one after the other.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`agent_accounts ${agent}`}, 0))`.execute(tx);
    const key = await tx
      .selectFrom("agent_keys")
      .select("public_key")
      .where((where) => where.and({ public_key: userKey, agent, internet, state: "JOINED" }))
      .forShare()
      .executeTakeFirst();
    if (!key) return undefined;
    const kept = await tx
      .selectFrom("agent_accounts")
      .select(columns)
      .where((where) => where.and({ agent, internet, user_key: userKey }))
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    if (kept) return kept;
    await tx
      .updateTable("agent_accounts")
      .set({ revoked_at: sql<Date>`now()`, confirmed: null })
      .where("agent", "=", agent)
      .where("revoked_at", "is", null)
      .execute();
    return tx
      .insertInto("agent_accounts")
      .values({ account_key: accountKey, agent, internet, user_key: userKey, engines: [...engines], confirmed: null })
      .returning(columns)
      .executeTakeFirstOrThrow();
  });
}

/** The account that an agent has now. */
export async function findAccount(db: Database, agent: string): Promise<AgentAccount | undefined> {
  return db
    .selectFrom("agent_accounts")
    .select(columns)
    .where("agent", "=", agent)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
}

/** Every account of every agent, revoked ones too. */
export async function readAccounts(db: Database): Promise<AgentAccount[]> {
  return db.selectFrom("agent_accounts").select(columns).execute();
}

export async function readAccount(db: Database, accountKey: string): Promise<AgentAccount | undefined> {
  return db.selectFrom("agent_accounts").select(columns).where("account_key", "=", accountKey).executeTakeFirst();
}

/** Sets the engines of an agent of a class. Returns its account if they were others before. */
export async function updateEngines(
  db: Database,
  { agent, internet }: Pick<AgentAccount, "agent" | "internet">,
  engines: readonly string[],
): Promise<AgentAccount | undefined> {
  return db
    .updateTable("agent_accounts")
    .set({ engines: [...engines], confirmed: null })
    .where((where) => where.and({ agent, internet }))
    .where("revoked_at", "is", null)
    .where(sql<boolean>`engines is distinct from ${[...engines]}::text[]`)
    .returning(columns)
    .executeTakeFirst();
}

/** Revokes the account of a key. */
export async function revokeAccountOf(tx: Tx, userKey: string): Promise<void> {
  await tx
    .updateTable("agent_accounts")
    .set({ revoked_at: sql<Date>`now()`, confirmed: null })
    .where("user_key", "=", userKey)
    .where("revoked_at", "is", null)
    .execute();
}

/** Public keys of accounts that were changed, and of which NATS has not been told yet: of an agent, or of all. */
export async function readUntold(db: Database, agent?: string): Promise<string[]> {
  const untold = db.selectFrom("agent_accounts").select("account_key as accountKey").where("confirmed", "is", null);
  const found = await (agent === undefined ? untold : untold.where("agent", "=", agent)).execute();
  return found.map(({ accountKey }) => accountKey);
}

/** Notes which claims of an account NATS has. */
export async function markConfirmed(db: Database, accountKey: string, confirmed: string): Promise<void> {
  await db.updateTable("agent_accounts").set({ confirmed }).where("account_key", "=", accountKey).execute();
}

/** Longer than any user is valid, whatever NATS still knows of its account. */
const ENDED_DAYS = 60;

/** Forgets accounts that were revoked long ago, and of which NATS was told. */
export async function deleteEndedAccounts(db: Database): Promise<void> {
  await db
    .deleteFrom("agent_accounts")
    .where(sql<boolean>`revoked_at < now() - make_interval(days => ${ENDED_DAYS})`)
    .where("confirmed", "is not", null)
    .execute();
}

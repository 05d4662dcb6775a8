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
  /** Subject tokens of the engines that it runs. */
  readonly engines: readonly string[];
  readonly revokedAt: Date | null;
  /** A hash of the claims that NATS confirmed last; null while a change is still to be sent. */
  readonly confirmed: string | null;
}

/** An account to enter. */
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
 * Enters an account, unless the agent has one with the same key, which is kept. Accounts with other keys are revoked. Returns undefined if
 * the user key has not joined, or not any more: nobody could revoke its account later.
 */
export async function upsertAccount(
  db: Database,
  { accountKey, agent, internet, userKey, engines }: NewAgentAccount,
): Promise<AgentAccount | undefined> {
  return db.transaction().execute(async (tx) => {
    // Serializes hosts that join under the same name.
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

/** The agent's current account. */
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

/** Sets an agent's engines in one class. Returns its account if they changed. */
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

/** Public keys of accounts with changes that NATS has not confirmed: one agent's, or all. */
export async function readUntold(db: Database, agent?: string): Promise<string[]> {
  const untold = db.selectFrom("agent_accounts").select("account_key as accountKey").where("confirmed", "is", null);
  const found = await (agent === undefined ? untold : untold.where("agent", "=", agent)).execute();
  return found.map(({ accountKey }) => accountKey);
}

/** Notes which claims of an account NATS has. */
export async function markConfirmed(db: Database, accountKey: string, confirmed: string): Promise<void> {
  await db.updateTable("agent_accounts").set({ confirmed }).where("account_key", "=", accountKey).execute();
}

/** Longer than any user's credentials are valid, even if NATS still knows the account. */
const ENDED_DAYS = 60;

/** Forgets accounts that were revoked long ago and whose revocation NATS has confirmed. */
export async function deleteEndedAccounts(db: Database): Promise<void> {
  await db
    .deleteFrom("agent_accounts")
    .where(sql<boolean>`revoked_at < now() - make_interval(days => ${ENDED_DAYS})`)
    .where("confirmed", "is not", null)
    .execute();
}

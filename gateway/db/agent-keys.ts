import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { AgentKeyState } from "../../schema/join-messages.js";
import { revokeAccountOf } from "./agent-accounts.js";
import type { Database, Tx } from "./database.js";
import { hasListened } from "./gateways.js";

/** An agent's key as it is listed. */
export interface AgentKeyRecord {
  readonly publicKey: string;
  readonly agent: string;
  readonly class: InternetClass;
  readonly state: AgentKeyState;
  readonly ephemeral: boolean;
  readonly host: string;
  readonly version: string;
  readonly joinedAt: Date;
  readonly renewedAt: Date;
  readonly clonedAt: Date | null;
}

/** A key to enter. */
export type NewAgentKey = Pick<AgentKeyRecord, "publicKey" | "agent" | "class" | "state" | "ephemeral" | "host" | "version">;

const LISTED = 2_000;
/** How long a key may wait for acceptance. */
const WAITING_DAYS = 1;

const columns = [
  "public_key as publicKey",
  "agent",
  sql<InternetClass>`case when internet then 'internet' else 'isolated' end`.as("class"),
  "state",
  "ephemeral",
  "host",
  "version",
  "joined_at as joinedAt",
  "renewed_at as renewedAt",
  "cloned_at as clonedAt",
] as const;

/** The keys of all agents, by name. */
export async function readAgentKeys(db: Database): Promise<AgentKeyRecord[]> {
  return db.selectFrom("agent_keys").select(columns).orderBy("agent").orderBy("joined_at", "desc").limit(LISTED).execute();
}

export async function readAgentKey(db: Database | Tx, publicKey: string): Promise<AgentKeyRecord | undefined> {
  return db.selectFrom("agent_keys").select(columns).where("public_key", "=", publicKey).executeTakeFirst();
}

/** Locks an agent's name until the end of the transaction and returns its keys. */
export async function lockAgentName(tx: Tx, agent: string): Promise<AgentKeyRecord[]> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`agent_keys ${agent}`}, 0))`.execute(tx);
  return tx.selectFrom("agent_keys").select(columns).where("agent", "=", agent).execute();
}

/** Enters a key, or updates it. Returns false if it belongs to another agent or is revoked. */
export async function upsertAgentKey(tx: Tx, key: NewAgentKey): Promise<boolean> {
  const { publicKey, agent, state, ephemeral, host, version } = key;
  const entered = await tx
    .insertInto("agent_keys")
    .values({ public_key: publicKey, agent, internet: key.class === "internet", state, ephemeral, host, version })
    .onConflict((clash) =>
      clash
        .column("public_key")
        .doUpdateSet({ state, host, version, renewed_at: sql<Date>`now()` })
        .where("agent_keys.agent", "=", agent)
        .where("agent_keys.internet", "=", key.class === "internet")
        .where("agent_keys.state", "<>", "REVOKED"),
    )
    .returning("public_key")
    .executeTakeFirst();
  return entered !== undefined;
}

/** Sets the state of a key. Revoking it also revokes its account; the caller must tell NATS. */
export async function setAgentKeyState(tx: Tx, publicKey: string, state: AgentKeyState): Promise<void> {
  await tx.updateTable("agent_keys").set({ state }).where("public_key", "=", publicKey).execute();
  if (state === "REVOKED") await revokeAccountOf(tx, publicKey);
}

/** Notes that an agent has renewed. */
export async function markRenewed(db: Database, publicKey: string, version: string): Promise<void> {
  await db
    .updateTable("agent_keys")
    .set({ renewed_at: sql<Date>`now()`, version })
    .where("public_key", "=", publicKey)
    .execute();
}

/** Notes that two agents were seen with the same key. */
export async function markCloned(db: Database, agent: string): Promise<void> {
  await db
    .updateTable("agent_keys")
    .set({ cloned_at: sql<Date>`now()` })
    .where("agent", "=", agent)
    .where("state", "=", "JOINED")
    .execute();
}

/** Forgets a key and revokes its account; the caller must tell NATS. */
export async function deleteAgentKey(tx: Tx, publicKey: string): Promise<void> {
  await tx.deleteFrom("agent_keys").where("public_key", "=", publicKey).execute();
  // If the token's uses are not counted, the record of the join is not needed.
  await tx
    .deleteFrom("joins")
    .where("public_key", "=", publicKey)
    .where("token_id", "in", tx.selectFrom("join_tokens").select("id").where("uses", "is", null))
    .execute();
  await revokeAccountOf(tx, publicKey);
}

/** Forgets keys that have waited too long. */
export async function deleteOldWaiting(db: Database | Tx): Promise<void> {
  await db
    .deleteFrom("agent_keys")
    .where("state", "=", "WAITING")
    .where(sql<boolean>`renewed_at < now() - make_interval(days => ${WAITING_DAYS})`)
    .execute();
}

/** Joined keys as `key`, with the last sign of life of their agents as `heard`. */
function joinedKeys(db: Database | Tx) {
  return db
    .selectFrom("agent_keys as key")
    .leftJoin("agents as heard", (on) => on.onRef("heard.agent", "=", "key.agent").onRef("heard.internet", "=", "key.internet"))
    .where("key.state", "=", "JOINED");
}

function isSilentFor(ms: number) {
  return sql<boolean>`greatest(heard.heard_at, key.joined_at, key.renewed_at) < now() - ${ms} * interval '1 millisecond'`;
}

/** Ephemeral agents that were silent for this long. */
export async function readForgettable(db: Database | Tx, ms: number): Promise<{ agent: string; publicKey: string }[]> {
  return joinedKeys(db)
    .select(["key.agent", "key.public_key as publicKey"])
    .where("key.ephemeral", "=", true)
    .where(isSilentFor(ms))
    .execute();
}

/** Whether a key's agent was silent for this long while a gateway was listening. */
export async function isSilent(tx: Tx, publicKey: string, ms: number): Promise<boolean> {
  const silent = await joinedKeys(tx)
    .select("key.agent")
    .where("key.public_key", "=", publicKey)
    .where(isSilentFor(ms))
    .where(hasListened(sql`${ms} * interval '1 millisecond'`))
    .executeTakeFirst();
  return silent !== undefined;
}

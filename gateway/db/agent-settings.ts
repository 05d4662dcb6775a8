import { sql } from "kysely";
import type { EngineSettings } from "../../schema/agent-settings.js";
import type { Database, Tx } from "./database.js";

/** The settings that the mesh has for an agent's engines. */
export interface AgentSettingsRecord {
  readonly agent: string;
  readonly engines: readonly EngineSettings[];
  /** Rises with every change in the whole mesh. */
  readonly revision: number;
  readonly changedAt: Date;
  /** When its engines may be updated, in minutes of the day (UTC); null means at any time. */
  readonly windowFrom: number | null;
  readonly windowTo: number | null;
}

/** When an agent's engines may be updated. */
export type AgentWindow = Pick<AgentSettingsRecord, "windowFrom" | "windowTo">;

const columns = [
  "agent",
  "engines",
  "revision",
  "changed_at as changedAt",
  "window_from as windowFrom",
  "window_to as windowTo",
] as const;

/** The settings of all agents that have some, by name. */
export async function readAgentSettings(db: Database | Tx): Promise<AgentSettingsRecord[]> {
  return db.selectFrom("agent_settings").select(columns).orderBy("agent").execute();
}

/** Locks an agent's settings until the end of the transaction; undefined if it has none. */
export async function lockAgentSettings(tx: Tx, agent: string): Promise<AgentSettingsRecord | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`agent_settings ${agent}`}, 0))`.execute(tx);
  return tx.selectFrom("agent_settings").select(columns).where("agent", "=", agent).executeTakeFirst();
}

/** Replaces an agent's settings. An empty list is a change too, and is sent to the agent. */
export async function writeAgentSettings(
  tx: Tx,
  agent: string,
  engines: readonly EngineSettings[],
): Promise<AgentSettingsRecord> {
  const revision = sql<number>`nextval('agent_settings_revisions')`;
  const row = { engines: JSON.stringify(engines), revision, changed_at: sql<Date>`now()` };
  return tx
    .insertInto("agent_settings")
    .values({ agent, ...row })
    .onConflict((clash) => clash.column("agent").doUpdateSet(row))
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Changes when an agent's engines may be updated. Only gateways need to know, so the revision stays the same. */
export async function writeAgentWindow(tx: Tx, agent: string, window: AgentWindow): Promise<AgentSettingsRecord> {
  const row = { window_from: window.windowFrom, window_to: window.windowTo, changed_at: sql<Date>`now()` };
  return tx
    .insertInto("agent_settings")
    .values({ agent, engines: "[]", ...row })
    .onConflict((clash) => clash.column("agent").doUpdateSet(row))
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Forgets the settings of an agent. */
export async function deleteAgentSettings(tx: Tx, agent: string): Promise<void> {
  await tx.deleteFrom("agent_settings").where("agent", "=", agent).execute();
}

import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Database, Tx } from "./database.js";

/** An agent as it was last heard. */
export interface AgentRecord {
  readonly agent: string;
  readonly class: InternetClass;
  readonly host: string;
  readonly version: string;
  /** Names of the engines that it had. */
  readonly engines: readonly string[];
  readonly startedAt: Date;
  readonly lastHeardAt: Date;
}

/** An agent that is heard now. */
export interface HeardNow extends Omit<AgentRecord, "lastHeardAt" | "startedAt"> {
  readonly startedAt: string;
  readonly agoMs: number;
  /** The newest sealing format that it can read; null means none. */
  readonly sealing: number | null;
}

/** The most agents that are remembered, so that made-up names cannot fill the table. */
export const REMEMBERED_AGENTS = 1_000;
const FORGOTTEN_AFTER = sql`interval '7 days'`;

/** Records when agents were heard, in key order like every writer of several rows. */
export async function recordAgents(tx: Tx, heard: readonly HeardNow[]): Promise<void> {
  await sql`
    insert into agents (internet, agent, host, version, engines, started_at, heard_at, sealing)
    select class = 'internet', agent, host, version, engines, "startedAt", now() - "agoMs" * interval '1 millisecond', sealing
    from jsonb_to_recordset(${JSON.stringify(heard)}::jsonb) as heard
      (class text, agent text, host text, version text, engines text[], "startedAt" timestamptz, "agoMs" double precision, sealing integer)
    order by 1, 2
    on conflict (internet, agent) do update set host = excluded.host, version = excluded.version, engines = excluded.engines,
      started_at = excluded.started_at, heard_at = greatest(agents.heard_at, excluded.heard_at),
      sealing = excluded.sealing`.execute(tx);
}

/** All remembered agents, the last heard first. */
export async function readAgents(db: Database): Promise<AgentRecord[]> {
  const { rows } = await sql<AgentRecord>`
    select agent, case when internet then 'internet' else 'isolated' end as class, host, version, engines,
      started_at as "startedAt", heard_at as "lastHeardAt"
    from agents order by heard_at desc, agent limit ${REMEMBERED_AGENTS}`.execute(db);
  return rows;
}

/** Forgets an agent: of one class, or of both. Returns whether it was known. */
export async function deleteAgent(tx: Tx, agent: string, internet?: InternetClass): Promise<boolean> {
  const ofClass = internet === undefined ? sql`true` : sql`internet = ${internet === "internet"}`;
  const { numAffectedRows = 0n } = await sql`delete from agents where agent = ${agent} and ${ofClass}`.execute(tx);
  return numAffectedRows > 0n;
}

/** Forgets agents that were silent for a week, and those beyond the limit. */
export async function deleteOldAgents(db: Database): Promise<void> {
  await sql`
    delete from agents where heard_at < now() - ${FORGOTTEN_AFTER}
      or heard_at <= (select heard_at from agents order by heard_at desc offset ${REMEMBERED_AGENTS} limit 1)`.execute(db);
}

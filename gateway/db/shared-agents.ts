import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Database } from "./database.js";
import { hasListened } from "./gateways.js";

/** An agent that uses the credentials shared by its class. */
export interface SharingAgent {
  readonly agent: string;
  readonly class: InternetClass;
  readonly host: string;
  readonly version: string;
  readonly lastHeardAt: Date;
}

/** An agent that was silent for this long, while a gateway was listening, no longer counts as using shared credentials. */
const MAY_RETURN = sql`interval '10 minutes'`;

/** An agent that has or had an account has joined. */
const hasNotJoined = sql<boolean>`
  not exists (select from agent_accounts as its where its.agent = agents.agent and its.internet = agents.internet)`;

/** The remembered agents that have not joined, by name. */
export async function readSharingAgents(db: Database): Promise<SharingAgent[]> {
  const { rows } = await sql<SharingAgent>`
    select agent, case when internet then 'internet' else 'isolated' end as class, host, version, heard_at as "lastHeardAt"
    from agents where ${hasNotJoined} order by agent, internet`.execute(db);
  return rows;
}

/** Whether no agent of a class needs the shared credentials any more. */
export async function areAllJoined(db: Database, internet: InternetClass): Promise<boolean> {
  const { rows } = await sql<{ all: boolean }>`
    select ${hasListened(MAY_RETURN)}
      and not exists (select from agents where internet = ${internet === "internet"} and ${hasNotJoined}) as all`.execute(db);
  return rows[0]?.all ?? false;
}

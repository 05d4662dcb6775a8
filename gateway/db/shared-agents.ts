import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Database } from "./database.js";
import { hasListened } from "./gateways.js";

/** An agent that works with the credentials that its class shares. */
export interface SharingAgent {
  readonly agent: string;
  readonly class: InternetClass;
  readonly host: string;
  readonly version: string;
  readonly lastHeardAt: Date;
}

/** An agent that was not heard for so long, while a gateway listened, does not work with shared credentials any more. */
const MAY_RETURN = sql`interval '10 minutes'`;

/** Whoever has an account, or had one, has joined. */
const hasNotJoined = sql<boolean>`
  not exists (select from agent_accounts as its where its.agent = agents.agent and its.internet = agents.internet)`;

/** The agents that are remembered and have not joined, by name. */
export async function readSharingAgents(db: Database): Promise<SharingAgent[]> {
  const { rows } = await sql<SharingAgent>`
    select agent, case when internet then 'internet' else 'isolated' end as class, host, version, heard_at as "lastHeardAt"
    from agents where ${hasNotJoined} order by agent, internet`.execute(db);
  return rows;
}

/** Whether no agent of a class needs the credentials any more that it has shared. */
export async function areAllJoined(db: Database, internet: InternetClass): Promise<boolean> {
  const { rows } = await sql<{ all: boolean }>`
    select ${hasListened(MAY_RETURN)}
      and not exists (select from agents where internet = ${internet === "internet"} and ${hasNotJoined}) as all`.execute(db);
  return rows[0]?.all ?? false;
}

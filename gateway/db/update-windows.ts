import { sql, type RawBuilder } from "kysely";
import type { Database, Tx } from "./database.js";

/** When updates of an agent's engines may begin. */
export interface HostWindow {
  readonly agent: string;
  /** Minutes of the day (UTC). */
  readonly from: number;
  /** If it is before `from`, it is on the next day. */
  readonly to: number;
  /** Whether the window is open now, by Postgres's clock. */
  readonly isOpen: boolean;
}

/** Whether now is within `window_from` and `window_to`; always true without a window. */
export function isInWindow(): RawBuilder<boolean> {
  const minute = sql`(extract(hour from now() at time zone 'UTC') * 60 + extract(minute from now() at time zone 'UTC'))::integer`;
  return sql<boolean>`case when window_from is null then true
    when window_from <= window_to then ${minute} >= window_from and ${minute} < window_to
    else ${minute} >= window_from or ${minute} < window_to end`;
}

/** The windows of all agents that have one, by name. */
export async function readHostWindows(db: Database | Tx): Promise<HostWindow[]> {
  const { rows } = await sql<HostWindow>`
    select agent, window_from as from, window_to as to, ${isInWindow()} as "isOpen" from agent_settings
    where window_from is not null order by agent`.execute(db);
  return rows;
}

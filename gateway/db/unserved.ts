import { sql } from "kysely";
import type { Tx } from "./database.js";
import { GONE_AFTER } from "./engine-hosts.js";
import type { OpenResult } from "./withdraw.js";

/** An open result that no agent will deliver. */
export interface UnservedResult extends OpenResult {
  /** Why its engine does not work; null if no agent has it. */
  readonly problem: string | null;
}

export interface UnservedQuery {
  readonly limit: number;
  /** Scans to skip. */
  readonly except: readonly number[];
  /** Subject tokens of the engines that present agents have. */
  readonly present: readonly string[];
  /** Those that are scanning right now: their running scans are waited for. */
  readonly busy: readonly string[];
  /** How long open scans wait for an engine that does not work. */
  readonly graceMs: number;
}

/**
 * Locks open scans that wait for engines that were removed, or that work on no agent that has them, and returns their results. An engine
 * without any result yet also counts as removed once no agent that has it is heard; this breaks no update. BULK scans are in no hurry and
 * wait for an engine that does not work. New scans expect none of these engines, so after a while nothing is left to find.
 */
export async function lockUnserved(tx: Tx, { limit, except, present, busy, graceMs }: UnservedQuery): Promise<UnservedResult[]> {
  const { rows: engines } = await sql<{ id: number; problem: string | null }>`
    select id, null as problem from engines where removed_at > greatest(last_healthy_at, now() - ${GONE_AFTER})
      or expected_until < now() and lower(name) <> all(${[...present]}::text[])
    union all
    select id, unhealthy from engines
    where broken_since + ${graceMs} * interval '1 millisecond' between now() - ${GONE_AFTER} and now()`.execute(tx);
  if (engines.length === 0) return [];
  const { rows } = await sql<UnservedResult>`
    select scans.id as "scanId", lower(engines.name) as engine, engines.internet, unserved.problem
    from scans cross join lateral (select engine_id, state from results where scan_id = scans.id offset 0) as results
      join engines on engines.id = results.engine_id
      join jsonb_to_recordset(${JSON.stringify(engines)}::jsonb) as unserved (id integer, problem text) on unserved.id = engines.id
    where scans.end_date is null and scans.id <> all(${except}::bigint[]) and results.state <= 'SCANNING' and (unserved.problem is null
      or scans.priority <> 'BULK' and (results.state = 'QUEUED' or lower(engines.name) <> all(${[...busy]}::text[])))
    order by scans.id limit ${limit} for update of scans skip locked`.execute(tx);
  return rows;
}

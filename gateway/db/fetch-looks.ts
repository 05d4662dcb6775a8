import { sql } from "kysely";
import type { Database } from "./database.js";

/** The sources to look at: those of engines with earlier looks, and those that a fetcher offers now. */
export interface WantedLooks {
  readonly engineIds: readonly number[];
  readonly set: string | undefined;
  readonly offered: readonly { engineId: number; set: string }[];
}

/** Makes the next look at sources due now, or as soon as they stop refusing. Returns the engines that have a source. */
export async function checkSourcesNow(db: Database, { engineIds, set, offered }: WantedLooks): Promise<Set<number>> {
  const { rows } = await sql<{ engineId: number }>`
    insert into fetch_jobs (engine_id, set_name, job, state, next_at)
    select engine_id, set_name, gen_random_uuid(), 'WAITING', now() from unnest(
      ${offered.map((one) => one.engineId)}::integer[], ${offered.map((one) => one.set)}::text[]) as offered (engine_id, set_name)
    on conflict do nothing returning engine_id as "engineId"`.execute(db);
  const known = await sql<{ engineId: number }>`
    update fetch_jobs set next_at = least(next_at, greatest(now(), blocked_until))
    where engine_id = any(${[...engineIds]}::integer[]) and (${set ?? null}::text is null or set_name = ${set ?? null})
    returning engine_id as "engineId"`.execute(db);
  return new Set([...rows, ...known.rows].map(({ engineId }) => engineId));
}

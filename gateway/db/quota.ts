import { sql } from "kysely";
import type { Tx } from "./database.js";

/** The number of a key's scans today, by UTC. */
export interface Usage {
  readonly keyId: string;
  readonly scans: number;
  /** Seconds until tomorrow. */
  readonly tomorrow: number;
}

/** Locks and returns the usage of keys; nobody else can add to it until the transaction ends. */
export async function lockUsage(tx: Tx, keyIds: readonly string[]): Promise<Usage[]> {
  const { rows } = await sql<Usage>`
    insert into api_key_usage as usage (key_id, day, scans)
    select id, (now() at time zone 'utc')::date, 0 from unnest(${keyIds.toSorted()}::text[]) as id
    on conflict (key_id) do update set
      day = greatest(usage.day, excluded.day), scans = case when usage.day < excluded.day then 0 else usage.scans end
    returning key_id as "keyId", scans,
      ceil(extract(epoch from (now() at time zone 'utc')::date + 1 - now() at time zone 'utc'))::int as tomorrow`.execute(tx);
  return rows;
}

/** Adds scans to the usage of keys, which must be locked. */
export async function addUsage(tx: Tx, counts: ReadonlyMap<string, number>): Promise<void> {
  await sql`
    update api_key_usage set scans = api_key_usage.scans + added.scans
    from unnest(${[...counts.keys()]}::text[], ${[...counts.values()]}::int[]) as added (key_id, scans)
    where api_key_usage.key_id = added.key_id`.execute(tx);
}

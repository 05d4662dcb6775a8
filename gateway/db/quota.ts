import { sql, type RawBuilder } from "kysely";
import type { Tx } from "./database.js";

/** How many scans a key has submitted today (UTC). */
export interface Usage {
  readonly keyId: string;
  readonly scans: number;
  /** Seconds until the day ends. */
  readonly tomorrow: number;
}

/**
 * The statement that adds to the usage of keys. `added` gives rows of key_id and scans, ordered by key. Returns the sums. Other
 * transactions cannot add to these keys until this one ends.
 */
export function addUsage(added: RawBuilder<unknown>): RawBuilder<Usage> {
  return sql`
    insert into api_key_usage as usage (key_id, day, scans)
    select key_id, (now() at time zone 'utc')::date, scans from (${added}) as added
    on conflict (key_id) do update set day = greatest(usage.day, excluded.day),
      scans = excluded.scans + case when usage.day < excluded.day then 0 else usage.scans end
    returning key_id as "keyId", scans,
      ceil(extract(epoch from (now() at time zone 'utc')::date + 1 - now() at time zone 'utc'))::int as tomorrow`;
}

/** Adds one scan to the usage of a key. */
export async function addScan(tx: Tx, keyId: string): Promise<Usage> {
  const { rows } = await addUsage(sql`select ${keyId} as key_id, 1 as scans`).execute(tx);
  const [usage] = rows;
  if (!usage) throw new Error("a scan was not counted");
  return usage;
}

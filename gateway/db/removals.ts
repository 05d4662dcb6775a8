import { sql } from "kysely";
import type { Tx } from "./database.js";

/** Messages of one account that are to be deleted. */
export interface Removal {
  readonly id: number;
  readonly internet: boolean;
  /** Set for requests in SCANS. */
  readonly streamCreated: string | null;
  /** Set for chunks in SAMPLES. */
  readonly blob: string | null;
  readonly seqs: number[];
}

/** Those of these removals, or of all that are older than this, that nobody else is at; locked until the transaction ends. */
export async function lockRemovals(
  tx: Tx,
  which: readonly number[] | { readonly olderThanMs: number },
  limit: number,
): Promise<Removal[]> {
  const chosen =
    "olderThanMs" in which
      ? sql`created_at < now() - ${which.olderThanMs} * interval '1 millisecond'`
      : sql`id = any(${which}::bigint[])`;
  const { rows } = await sql<Removal>`
    select id, internet, stream_created as "streamCreated", blob, seqs from removals where ${chosen}
    order by id limit ${limit} for update skip locked`.execute(tx);
  return rows;
}

export async function deleteRemovals(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await sql`delete from removals where id = any(${[...ids]}::bigint[])`.execute(tx);
}

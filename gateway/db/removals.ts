import { sql } from "kysely";
import type { SampleLocation, StoredBlob } from "../bus/sample-store.js";
import type { Tx } from "./database.js";

/** Messages to remove from one account: requests from SCANS, or a copy of a sample. */
export interface Removal {
  readonly id: number;
  readonly internet: boolean;
  readonly what: { readonly stream: string; readonly requests: readonly number[] } | { readonly copy: StoredBlob };
}

interface RemovalRow {
  readonly id: number;
  readonly internet: boolean;
  readonly streamCreated: string | null;
  readonly blob: string | null;
  readonly seqs: readonly number[];
  readonly location: SampleLocation;
}

/** Locks these removals, or all older than a given age, until the transaction ends. Those that another gateway has locked are skipped. */
export async function lockRemovals(
  tx: Tx,
  which: readonly number[] | { readonly olderThanMs: number },
  limit: number,
): Promise<Removal[]> {
  const chosen =
    "olderThanMs" in which
      ? sql`created_at < now() - ${which.olderThanMs} * interval '1 millisecond'`
      : sql`id = any(${which}::bigint[])`;
  const { rows } = await sql<RemovalRow>`
    select id, internet, stream_created as "streamCreated", blob, seqs, seqs as location from removals where ${chosen}
    order by id limit ${limit} for update skip locked`.execute(tx);
  return rows.map(({ id, internet, streamCreated, blob, seqs, location }) => {
    return { id, internet, what: blob === null ? { stream: streamCreated ?? "", requests: seqs } : { copy: { blob, location } } };
  });
}

export async function deleteRemovals(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await sql`delete from removals where id = any(${[...ids]}::bigint[])`.execute(tx);
}

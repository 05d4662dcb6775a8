import { sql } from "kysely";
import type { Tx } from "./database.js";

/** An open result. */
export interface OpenResult {
  readonly scanId: number;
  /** The engine's subject token. */
  readonly engine: string;
  readonly internet: boolean;
}

/** The open results of these scans. */
export async function openResults(tx: Tx, scanIds: readonly number[]): Promise<OpenResult[]> {
  const { rows } = await sql<OpenResult>`
    select results.scan_id as "scanId", lower(engines.name) as engine, engines.internet
    from results join engines on engines.id = results.engine_id
    where results.scan_id = any(${scanIds}::bigint[]) and results.state <= 'SCANNING'
    order by results.scan_id, engines.id`.execute(tx);
  return rows;
}

/** Deletes the requests of these scans from the outbox and schedules the removal of published ones. Returns the ids of the removals. */
export async function withdrawRequests(tx: Tx, scanIds: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with withdrawn as (
      delete from outbox where scan_id = any(${scanIds}::bigint[]) returning internet, stream_created, seq
    )
    insert into removals (internet, stream_created, seqs)
    select internet, stream_created, array_agg(seq order by seq) from withdrawn where seq is not null
    group by internet, stream_created returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

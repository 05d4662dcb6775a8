import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Tx } from "./database.js";

/** A request as an agent returns it. */
export interface Returned {
  /** Its index among the returned requests. */
  readonly position: number;
  readonly scanId: number;
  /** The engine's subject token. */
  readonly engine: string;
  /** The request's sequence in SCANS. */
  readonly sequence: number;
}

/** The row of a returned request that is still open. */
export interface ReturnedRow {
  /** Its index among the returned requests. */
  readonly position: number;
  readonly outboxId: number;
  readonly engineId: number;
  /** Bytes of its sample. */
  readonly size: number;
  /** Its sequence is not recorded yet, so the returned request may be another one. */
  readonly unmarked: boolean;
}

/** Locks the scans of returned requests, and finds the rows of those that are still open. */
export async function lockReturned(tx: Tx, internet: InternetClass, returned: readonly Returned[]): Promise<ReturnedRow[]> {
  const rows = returned.map(({ scanId, ...request }) => ({ scan_id: scanId, ...request }));
  const found = await sql<ReturnedRow>`
    select returned.position, outbox.id as "outboxId", engines.id as "engineId", outbox.seq is null as unmarked, samples.size
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as returned (position int, scan_id bigint, engine text, sequence bigint)
      join scans on scans.id = returned.scan_id and scans.end_date is null
      join samples on samples.id = scans.sample_id
      join engines on lower(engines.name) = returned.engine and engines.internet = ${internet === "internet"}
      join results on results.scan_id = scans.id and results.engine_id = engines.id and results.state <= 'SCANNING'
      join outbox on outbox.scan_id = scans.id and outbox.internet = engines.internet and engines.id = any(outbox.engine_ids)
        and not outbox.held and (outbox.seq = returned.sequence or outbox.seq is null)
    order by scans.id for update of scans`.execute(tx);
  return found.rows;
}

import { sql } from "kysely";
import type { FinalMarksTable } from "../../schema/tables/statistics.js";
import type { RowRange } from "../batches/row-batches.js";
import type { Tx } from "./database.js";

/** Ensures that only one gateway at a time reads final scans. Returns whether this one may, until the transaction ends. */
async function lockReader(tx: Tx, reader: FinalMarksTable["reader"]): Promise<boolean> {
  const { rows } = await sql`select from final_marks where reader = ${reader} for update skip locked`.execute(tx);
  return rows.length > 0;
}

/** Locks final scans that are not counted yet; undefined if another gateway is counting. The caller deletes the rows after counting. */
export async function lockUncounted(tx: Tx, { limit, except }: RowRange): Promise<number[] | undefined> {
  if (!(await lockReader(tx, "statistics"))) return undefined;
  const { rows } = await sql<{ id: number }>`
    select scan_id as id from uncounted_scans where scan_id <> all(${except}::bigint[])
    order by scan_id limit ${limit} for update skip locked`.execute(tx);
  return rows.map(({ id }) => id);
}

/** A final scan that a webhook was not told of yet. */
export interface Untold {
  readonly webhookId: number;
  readonly scanId: number;
}

/** The same for final scans that webhooks were not told of yet. */
export async function lockUntold(tx: Tx, { limit, except }: RowRange): Promise<Untold[] | undefined> {
  if (!(await lockReader(tx, "webhooks"))) return undefined;
  const { rows } = await sql<Untold>`
    select webhook_id as "webhookId", scan_id as "scanId" from untold_scans where scan_id <> all(${except}::bigint[])
    order by scan_id, webhook_id limit ${limit} for update skip locked`.execute(tx);
  return rows;
}

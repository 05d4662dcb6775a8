import { sql, type RawBuilder } from "kysely";
import type { FinalMarksTable } from "../../schema/tables/statistics.js";
import type { Tx } from "./database.js";

/** Sees to it that one gateway at a time reads final scans. Returns whether it is this one, until the transaction ends. */
export async function lockReader(tx: Tx, reader: FinalMarksTable["reader"]): Promise<boolean> {
  const { rows } = await sql`select from final_marks where reader = ${reader} for update skip locked`.execute(tx);
  return rows.length > 0;
}

/** The statement that takes scans that are final and not counted yet: their ids, as `scan_id`. A reader gets each once. */
export function takeUncounted(limit: number): RawBuilder<unknown> {
  return sql`
    delete from uncounted_scans where scan_id = any(array(
      select scan_id from uncounted_scans order by scan_id limit ${limit} for update skip locked))
    returning scan_id`;
}

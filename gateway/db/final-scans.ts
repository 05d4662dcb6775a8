import { sql } from "kysely";
import type { FinalMarksTable } from "../../schema/tables/statistics.js";
import type { Tx } from "./database.js";

/**
 * The next scans that have become final, in the order of their end dates; a reader gets each once. Undefined if another gateway is
 * reading. The end date of a scan is when its transaction began, so only end dates before the oldest open transaction are complete.
 */
export async function takeFinalScans(tx: Tx, reader: FinalMarksTable["reader"], limit: number): Promise<number[] | undefined> {
  const marks = await sql<{ endDate: string; scanId: number }>`
    select end_date::text as "endDate", scan_id as "scanId" from final_marks where reader = ${reader} for update skip locked`.execute(
    tx,
  );
  const [mark] = marks.rows;
  if (!mark) return undefined;
  const { rows } = await sql<{ id: number; endDate: string }>`
    select id, end_date::text as "endDate" from scans
    where (end_date, id) > (${mark.endDate}::timestamptz, ${mark.scanId}) and end_date < (
      select least(now(), min(xact_start)) - interval '1 second' from pg_stat_activity
      where datname = current_database() and application_name = 'scanmesh')
    order by end_date, id limit ${limit}`.execute(tx);
  const last = rows.at(-1);
  if (last) {
    await sql`update final_marks set end_date = ${last.endDate}::timestamptz, scan_id = ${last.id} where reader = ${reader}`.execute(
      tx,
    );
  }
  return rows.map(({ id }) => id);
}

/** Reports that MultiAV2 had not finished when they were imported. */

import { sql } from "kysely";
import { audit, type Actor } from "./audit.js";
import { transact, type Database } from "./database.js";
import { lockScans } from "./results.js";
import { writeResults, type Import, type ImportedScan } from "./import-target.js";

/** The error for a result that MultiAV2 never wrote. */
export const NEVER_FINISHED = "never finished";

export interface UnfinishedReport {
  readonly reportId: number;
  readonly scanId: number;
  /** How many of its results MultiAV2 has written. */
  readonly written: number;
}

/** A page of unfinished reports that earlier runs imported. */
export async function readUnfinished(
  db: Database,
  { id, keptIdsTo }: Import,
  after: number,
  limit: number,
): Promise<UnfinishedReport[]> {
  const { rows } = await sql<UnfinishedReport>`
    select coalesce(report_id, scans.id) as "reportId", scans.id as "scanId", (
      select count(*) from results
      where results.scan_id = scans.id and not (state = 'FAILED' and error is not distinct from ${NEVER_FINISHED})) as written
    from scans left join imported_reports on scan_id = scans.id and import_id = ${id}
    where (report_id is not null or scans.id <= ${keptIdsTo}) and coalesce(report_id, scans.id) > ${after}
      and (total = 0 or exists (
        select from results where results.scan_id = scans.id and state = 'FAILED' and error = ${NEVER_FINISHED}))
    order by 1 limit ${limit}`.execute(db);
  return rows;
}

/** Adds what MultiAV2 has written to imported reports since. */
export async function updateReports(
  db: Database,
  { id }: Import,
  scans: readonly ImportedScan[],
  scanIds: ReadonlyMap<number, number>,
  timeZone: string,
  actor: Actor,
): Promise<void> {
  await transact(db, async (tx) => {
    await lockScans(tx, [...scanIds.values()]);
    const rows = scans.map(({ reportId, results, ...scan }) => ({
      ...scan,
      id: scanIds.get(reportId),
      total: results.length,
    }));
    await sql`delete from results where scan_id = any(${rows.map((row) => row.id)}::bigint[])`.execute(tx);
    await writeResults(tx, scans, scanIds);
    await sql`
      update scans set revision = revision + 1, internet = new.internet, deadline = "endDate" at time zone ${timeZone},
        end_date = "endDate" at time zone ${timeZone}, verdict = scan_verdict(worst, true, "avTotal", "avClean", 0), done = new.total,
        total = new.total, detections = new.detections, av_total = "avTotal", av_clean = "avClean"
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as new
        (id bigint, internet boolean, "endDate" timestamp, worst verdict, total smallint, detections smallint, "avTotal" smallint, "avClean" smallint)
      where scans.id = new.id`.execute(tx);
    await audit(tx, actor, "importMultiAv", String(id), { updated: scans.length });
  });
}

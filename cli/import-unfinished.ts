/** Reads the reports again that MultiAV2 had not finished when an earlier run imported them. */

import { readSourceReportsById, type SourceReport } from "../gateway/db/import-source.js";
import type { Import } from "../gateway/db/import-target.js";
import { readUnfinished, updateReports } from "../gateway/db/import-unfinished.js";
import type { Database } from "../gateway/db/database.js";
import { COMMAND_LINE } from "./mesh-database.js";
import type { TranslatedReport } from "./multiav-report.js";

/** Reports that are read at once, and written in one transaction. */
export const PAGE = 1_000;

interface Options {
  readonly from: Database;
  readonly into: Database;
  readonly timeZone: string;
  readonly signal: AbortSignal;
  print(line: string): void;
}

type Translate = (source: readonly SourceReport[]) => Promise<{ readonly reports: readonly TranslatedReport[] }>;

/** How many of them MultiAV2 has written more of, and how many it still has not finished. */
export async function importUnfinished(
  { from, into, print, timeZone, signal }: Options,
  current: Import,
  translate: Translate,
): Promise<{ updated: number; unfinished: number }> {
  let [updated, unfinished, after] = [0, 0, 0];
  while (!signal.aborted) {
    const page = new Map((await readUnfinished(into, current, after, PAGE)).map((report) => [report.reportId, report]));
    const { reports } = await translate(await readSourceReportsById(from, [...page.keys()]));
    const further = reports.filter(({ scan, stuck }) => scan.results.length - stuck > (page.get(scan.reportId)?.written ?? 0));
    const scanIds = new Map([...page.values()].map(({ reportId, scanId }) => [reportId, scanId]));
    const scans = further.map(({ scan }) => scan);
    if (scans.length > 0) await updateReports(into, current, scans, scanIds, timeZone, COMMAND_LINE);
    for (const { scan } of further)
      print(`report ${scan.reportId}: MultiAV2 has gone on with it; scan ${scanIds.get(scan.reportId)} has what it says now`);
    for (const { scan, isOpen, notes } of reports) if (isOpen) print(`report ${scan.reportId}: ${notes.at(-1)}`);
    updated += further.length;
    unfinished += reports.filter(({ isOpen }) => isOpen).length;
    after = [...page.keys()].at(-1) ?? after;
    if (page.size < PAGE) break;
  }
  return { updated, unfinished };
}

/**
 * Scans and results by the thousand. Each page comes as one JSON text: a row that the driver puts together field by field
 * lives long enough to be kept among what is old, and such a heap grows to three times what it needs before it is cleaned.
 */

import { sql, type Expression } from "kysely";
import type { ResultRecord, ScanRecord } from "../../schema/reports.js";
import type { Database } from "./database.js";
import { byScanId, scanOf, selectResults, selectScans, type ScanPage, type ScanRow } from "./scans.js";

/** A page of scans by id. */
export async function readScanPage(db: Database, { newestFirst, after, limit }: ScanPage): Promise<ScanRecord[]> {
  let query = selectScans(db).orderBy("scans.id", newestFirst ? "desc" : "asc").limit(limit);
  if (after !== undefined) query = query.where("scans.id", newestFirst ? "<" : ">", after);
  return (await readAsText<ScanRow>(db, query, SCAN_DATES)).map(scanOf);
}

/** Those scans that are there, in ascending id. */
export async function readScansById(db: Database, scanIds: readonly number[]): Promise<ScanRecord[]> {
  const among = sql<number>`any(${[...scanIds]}::bigint[])`;
  return (await readAsText<ScanRow>(db, selectScans(db).where("scans.id", "=", among).orderBy("scans.id"), SCAN_DATES)).map(scanOf);
}

/** The results of several scans, each scan's in the order of the engines' names. */
export async function readResultsOf(db: Database, scanIds: readonly number[]): Promise<Map<number, ResultRecord[]>> {
  return byScanId(await readAsText<ResultRecord>(db, selectResults(db, scanIds), RESULT_DATES), scanIds);
}

const SCAN_DATES = ["startDate", "deadline", "endDate", "firstSeen"] as const;
const RESULT_DATES = ["signatureDate", "startedAt", "endedAt"] as const;

async function readAsText<T extends object>(db: Database, query: Expression<unknown>, dates: readonly (keyof T)[]): Promise<T[]> {
  const { rows } = await sql<{ text: string }>`select coalesce(json_agg(page), '[]')::text as text from ${query} as page`.execute(db);
  const page = JSON.parse(rows[0]?.text ?? "[]") as T[];
  for (const row of page) for (const key of dates) if (row[key] !== null) row[key] = new Date(row[key] as string) as T[keyof T];
  return page;
}

import { nthNewest, readListedScans } from "../db/export.js";
import type { Database } from "../db/database.js";
import type { ListPlace } from "../db/list-place.js";
import { listScans, type PlacedScan, type ScanCriteria } from "../db/scan-list.js";
import { readListedResults, readScans, readScansById } from "../db/scans.js";
import { findScanIds, type Search } from "../db/search.js";
import type { ScanContext } from "../scan/context.js";
import { readList } from "../scan/read-list.js";
import type { ListedScan, ListedResult, ScanRecord } from "../../schema/reports.js";

/** Scans, a page at a time, so that any number of them takes the memory of one page. */
export type Pages<T> = AsyncGenerator<readonly T[], void, undefined>;

/** Small enough that writing a page does not hold up other requests. */
const PAGE = 50;

/** All scans after an id, in ascending id. */
export async function* everyScan(db: Database, after: number): Pages<ListedScan> {
  for (let last: number | undefined = after; last !== undefined;) {
    const page: ListedScan[] = await readListedScans(db, { after: last, limit: PAGE });
    yield page;
    last = page.length < PAGE ? undefined : page.at(-1)?.scanId;
  }
}

/** The scans of a search, in ascending id. */
export async function* matchingScans(ctx: ScanContext, search: Search, signal: AbortSignal): Pages<ScanRecord> {
  for (let last: number | undefined = 0; last !== undefined;) {
    const place = { after: last, limit: PAGE };
    const ids: number[] = await readList(ctx, signal, (db) => findScanIds(db, search, place));
    yield await readScansById(ctx.db, ids);
    last = ids.length < PAGE ? undefined : ids.at(-1);
  }
}

/** The scans that meet the criteria, the newest first. */
export async function* listedScans(ctx: ScanContext, criteria: ScanCriteria, signal: AbortSignal): Pages<PlacedScan> {
  let after: ListPlace | undefined;
  do {
    const place = { newestFirst: true, limit: PAGE, after };
    const page: PlacedScan[] = await readList(ctx, signal, (db) => listScans(db, criteria, place));
    yield page;
    const last = page.length < PAGE ? undefined : page.at(-1);
    after = last && { id: last.scanId, micros: last.placeMicros };
  } while (after !== undefined);
}

/** Which of the newest scans to return: `count` of them after skipping `offset`. */
export interface NewestScans {
  readonly offset: number;
  readonly count: number;
}

/** Some of the newest scans, the newest first. */
export async function* newestScans(ctx: ScanContext, { offset, count }: NewestScans, signal: AbortSignal): Pages<ScanRecord> {
  const { db } = ctx;
  let next = await readList(ctx, signal, (list) => nthNewest(list, offset));
  for (let left = count; left > 0 && next !== undefined;) {
    const limit = Math.min(PAGE, left);
    const page: ScanRecord[] = await readScans(db, { newestFirst: true, after: next + 1, limit });
    yield page;
    left -= page.length;
    next = page.length < limit ? undefined : (page.at(-1)?.scanId ?? 0) - 1;
  }
}

/** About 1 ms to read and 1 ms to write; other requests are answered in between. */
const MOST_RESULTS = 100;
const HEAVY_BYTES = 1024 * 1024;

interface WithResults {
  readonly results: readonly ListedResult[];
}

/** The scans with their results. How many are read at once depends on the size of the previous results. */
export async function* withResults<T extends ListedScan>(db: Database, pages: Pages<T>): Pages<T & WithResults> {
  let size = 16;
  for await (const page of pages) {
    for (let start = 0; start < page.length;) {
      const scans = page.slice(start, start + size);
      start += scans.length;
      const results = await readListedResults(
        db,
        scans.map(({ scanId }) => scanId),
      );
      yield scans.map((scan) => ({ ...scan, results: results.get(scan.scanId) ?? [] }));
      size = nextSize(size, scans.length, [...results.values()]);
    }
  }
}

/** Measures only one of the scans just read, because measuring takes as long as writing. */
function nextSize(size: number, scans: number, results: readonly (readonly ListedResult[])[]): number {
  const longest = results.reduce((most, one) => (one.length > most.length ? one : most), []);
  if (scans * detailBytes(longest) > HEAVY_BYTES) return Math.max(1, size >> 2);
  const fitting = Math.floor((MOST_RESULTS * scans) / Math.max(1, results.flat().length));
  return Math.max(1, Math.min(PAGE, size * 2, fitting));
}

/** The approximate size of the engines' own output. */
function detailBytes(results: readonly ListedResult[]): number {
  return results.reduce((sum, { details }) => sum + (details === null ? 0 : JSON.stringify(details).length), 0);
}

import type { ScanRecord } from "../../schema/reports.js";
import type { Database } from "../db/database.js";
import { readChangedScans, type RestOfRange, type SnapshotRange } from "../db/scan-changes.js";
import type { ScanCriteria } from "../db/scan-list.js";
import { feedCursor } from "./feed-cursor.js";

/** One event of a feed: a page of changed scans. */
export interface FeedEvent {
  /** Scans that were accepted, got another verdict or became final, in the order of their transactions. */
  readonly scans: readonly ScanRecord[];
  /** The place after these scans. A reader that continues here misses nothing. */
  readonly cursor: string;
}

/** An event, and the rest of its range to read; undefined if there is none. */
export interface FeedPage {
  readonly event: FeedEvent;
  readonly rest: RestOfRange | undefined;
}

/** The most scans in one event. */
export const FEED_PAGE = 100;

/** Reads the first scans of a range. */
export async function readFeedPage(db: Database, wanted: ScanCriteria, { from, to, after }: SnapshotRange): Promise<FeedPage> {
  const scans = await readChangedScans(db, wanted, { from, to, after }, FEED_PAGE);
  const last = scans.length < FEED_PAGE ? undefined : scans.at(-1);
  const rest = last && { from, to, after: { changedIn: last.changedIn, scanId: last.scanId } };
  return { event: { scans, cursor: feedCursor(rest ?? to) }, rest };
}

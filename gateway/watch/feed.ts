import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import { batched } from "../batches/batch.js";
import { runCancellable } from "../db/cancellable.js";
import { isDataError, type Database } from "../db/database.js";
import { readSnapshot, type Snapshot, type SnapshotRange } from "../db/scan-changes.js";
import type { ScanCriteria } from "../db/scan-list.js";
import { foreignCursor, type FeedPlace } from "./feed-cursor.js";
import { readFeedPage, type FeedEvent, type FeedPage } from "./feed-page.js";
import { readFeed, type SharedFeed } from "./feed-reader.js";
import { isAbsence, MOST_TIMEOUTS, retryRead, throttled } from "./reading.js";
import type { Watch } from "./watch.js";

/** Scans as they are accepted, change their verdict and become final. */
export interface Feeds {
  /**
   * The changes since a place, or from now on, without end. The first event is sent at once, even without scans, so that every reader has a
   * cursor. It throws BAD_INPUT for a place that never existed in this database.
   */
  watch(wanted: ScanCriteria, after: FeedPlace | undefined): Watch<FeedEvent>;
  /** Announces that scans may have changed. */
  invalidate(): void;
  /** How many watches there are. */
  count(): number;
}

/** The feed of one filter. Its readers share every statement and every event. */
interface Feed extends SharedFeed {
  readonly wanted: ScanCriteria;
  /** Aborted when its last reader has left. */
  readonly left: AbortController;
  /** By the clock of `performance.now()`. */
  publishedAt: number;
  /** How many reads have failed in a row, and when to read again. */
  failures: number;
  resumeAt: number;
}

/** Changes in quick succession are read together, at most this often. */
const REST_MS = 50;
/** How often a feed without changes publishes a new cursor: catching up from an old one is expensive. */
const NEW_CURSOR_MS = 60_000;

const SOURCE = "the feed of scans";

/** `listDb` runs reads with arbitrary filters: its statements have a time limit, and `cancelDb` cancels them for clients that have left. */
export function createFeeds(db: Database, listDb: Database, log: Logger, cancelDb = db): Feeds {
  const feeds = new Map<string, Feed>();

  const refresh = batched<void, void>(
    async (callers) => {
      await retryRead(log, SOURCE, () => feeds.size > 0, publishAll);
      return callers;
    },
    { size: Infinity, parallel: 1 },
  );
  const refreshSoon = throttled(log, REST_MS, refresh);

  /** One snapshot for all feeds, and at least one statement per feed. */
  async function publishAll(): Promise<void> {
    const to = await readSnapshot(db);
    await Promise.all([...feeds.values()].map((feed) => publishOrEnd(feed, to)));
  }

  /**
   * A filter that takes too long does not hold up the other feeds. Its changes are read less and less often; after repeated failures its
   * readers get the error.
   */
  async function publishOrEnd(feed: Feed, to: Snapshot): Promise<void> {
    if (performance.now() < feed.resumeAt) return;
    try {
      await publish(feed, to);
      feed.failures = 0;
    } catch (error) {
      if (feed.left.signal.aborted) return;
      log.warn({ err: error }, "cannot read the changes of a feed of scans; retrying later");
      if (isAbsence(error)) return;
      feed.failures += 1;
      feed.resumeAt = performance.now() + REST_MS * 10 ** feed.failures;
      if (feed.failures < MOST_TIMEOUTS) return;
      feed.failure = { error };
      wakeAll(feed);
    }
  }

  async function publish(feed: Feed, to: Snapshot): Promise<void> {
    const from = feed.settled?.at;
    if (from === to) return;
    for (let rest: SnapshotRange | undefined = from === undefined ? undefined : { from, to }; rest;) {
      if (feed.left.signal.aborted) return;
      const page: FeedPage = await read(feed.wanted, rest, feed.left.signal);
      if (page.event.scans.length > 0 || performance.now() - feed.publishedAt > NEW_CURSOR_MS) {
        feed.last = { event: page.event, number: feed.last.number + 1, place: page.rest ?? to };
        feed.publishedAt = performance.now();
        wakeAll(feed);
      }
      rest = page.rest;
    }
    feed.settled = { at: to, number: feed.last.number };
    wakeAll(feed);
  }

  async function read(wanted: ScanCriteria, range: SnapshotRange, signal: AbortSignal): Promise<FeedPage> {
    if (isUnfiltered(wanted)) return readFeedPage(db, wanted, range);
    return runCancellable({ db: listDb, canceller: cancelDb, signal }, (lists) => readFeedPage(lists, wanted, range));
  }

  function open(key: string, wanted: ScanCriteria): Feed {
    const last = { event: { scans: [], cursor: "" }, number: 0, place: "" };
    const at = performance.now();
    const nothing = { settled: undefined, failure: undefined, failures: 0, resumeAt: -Infinity };
    const left = createAbortController();
    const feed: Feed = { wanted, left, listeners: new Set(), last, publishedAt: at, ...nothing };
    feeds.set(key, feed);
    return feed;
  }

  return {
    invalidate() {
      if (feeds.size > 0) refreshSoon();
    },
    count: () => [...feeds.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
    watch(wanted, after) {
      const key = JSON.stringify(wanted);
      const known = feeds.get(key);
      // A failed feed is still reporting the failure to its readers, so a new one is opened.
      const feed = known && !known.failure ? known : open(key, wanted);
      const left = createAbortController();
      const access = {
        feed,
        refresh,
        read: (range: SnapshotRange, isWanted: () => boolean) =>
          retryRead(log, SOURCE, isWanted, () => read(wanted, range, left.signal)).catch(refuseCursor),
        close() {
          left.abort();
          if (feed.listeners.size > 0) return;
          feed.left.abort();
          if (feeds.get(key) === feed) feeds.delete(key);
        },
      };
      return readFeed(access, after);
    },
  };
}

/** The reader's place is the only client input in the statement, so a data error means a bad cursor. */
function refuseCursor(error: unknown): never {
  throw isDataError(error) ? foreignCursor() : error;
}

function wakeAll({ listeners }: Feed): void {
  for (const wake of listeners) wake();
}

function isUnfiltered(wanted: ScanCriteria): boolean {
  return Object.values(wanted).every((criterion) => criterion === undefined);
}

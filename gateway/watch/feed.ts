import type { Logger } from "pino";
import type { ScanRecord } from "../../schema/reports.js";
import { batched } from "../batch.js";
import type { Database } from "../db/database.js";
import { precedes, readChangedScans, readSnapshot, type RestOfStretch, type Snapshot, type Stretch } from "../db/scan-changes.js";
import type { ScanCriteria } from "../db/scan-list.js";
import { feedCursor, notOurs, type FeedPlace } from "./feed-cursor.js";
import { Live, paced, readPatiently, type Step } from "./watch.js";

/** What a feed tells. */
export interface FeedEvent {
  /** Scans that were accepted, got another verdict or became final, in the order of their transactions. */
  readonly scans: readonly ScanRecord[];
  /** How far this is: who goes on from here misses nothing. */
  readonly cursor: string;
}

/** Scans as they are accepted, get another verdict and become final. */
export interface Feeds {
  /**
   * What has changed since a place, or from now on, without end. The first event comes at once, without scans if there are
   * none: everybody has a cursor. It throws BAD_INPUT for a place that this database never was at.
   */
  watch(wanted: ScanCriteria, after: FeedPlace | undefined): Live<FeedEvent>;
  /** Says that scans may have changed. */
  touch(): void;
  /** Who watches. */
  count(): number;
}

interface Feed {
  readonly wanted: ScanCriteria;
  readonly wakes: Set<() => void>;
  /** Everything up to this snapshot has been told, in so many events; "" before the first look. */
  settled: { readonly at: Snapshot; readonly number: number };
  /** The newest event, the how manieth it is, where it leads to and when it was told. */
  last: { readonly event: FeedEvent; readonly number: number; readonly place: FeedPlace; readonly told: number };
}

/** Scans of one event at most. */
export const FEED_PAGE = 100;
/** Changes that come one after the other are told together this often. */
const REST_MS = 50;
/** A feed without changes gives a new cursor this often: to come back with an old one is dear. */
const NEW_CURSOR_MS = 60_000;

/** `lists` reads what callers choose: its statements have a time limit. */
export function createFeeds(db: Database, lists: Database, log: Logger): Feeds {
  const feeds = new Map<string, Feed>();
  const look = batched<void, void>(
    async (asked) => {
      await readPatiently(log, "the feed of scans", () => feeds.size > 0, lookOnce);
      return asked;
    },
    { size: Infinity, parallel: 1 },
  );
  const lookSoon = paced(log, REST_MS, look);

  /** One snapshot for all, and one statement for each distinct question. */
  async function lookOnce(): Promise<void> {
    const to = await readSnapshot(db);
    await Promise.all([...feeds.values()].map((feed) => tellOrLog(feed, to)));
  }

  /** A filter that takes too long is no reason to keep others waiting. What was not told is told at the next look. */
  async function tellOrLog(feed: Feed, to: Snapshot): Promise<void> {
    await tell(feed, to).catch((error: unknown) => log.warn({ err: error }, "a feed of scans cannot go on now"));
  }

  async function tell(feed: Feed, to: Snapshot): Promise<void> {
    const from = feed.settled.at;
    if (from === to) return;
    for (let rest: Stretch | undefined = from === "" ? undefined : { from, to }; rest;) {
      const [event, behind]: Told = await read(feed, rest);
      if (event.scans.length > 0 || performance.now() - feed.last.told > NEW_CURSOR_MS) {
        feed.last = { event, number: feed.last.number + 1, place: behind ?? to, told: performance.now() };
        for (const wake of feed.wakes) wake();
      }
      rest = behind;
    }
    feed.settled = { at: to, number: feed.last.number };
    for (const wake of feed.wakes) wake();
  }

  type Told = [event: FeedEvent, behind: RestOfStretch | undefined];

  /** The first scans of a stretch, and what is behind them if they are not all. */
  async function read(feed: Feed, { from, to, after }: Stretch): Promise<Told> {
    const scans = await readChangedScans(isEverything(feed.wanted) ? db : lists, feed.wanted, { from, to, after }, FEED_PAGE);
    const last = scans.length < FEED_PAGE ? undefined : scans.at(-1);
    const behind = last && { from, to, after: { changedIn: last.changedIn, scanId: last.scanId } };
    return [{ scans, cursor: feedCursor(behind ?? to) }, behind];
  }

  function open(key: string, wanted: ScanCriteria): Feed {
    const event = { scans: [], cursor: "" };
    const last = { event, number: 0, place: "", told: performance.now() };
    const feed: Feed = { wanted, wakes: new Set(), settled: { at: "", number: 0 }, last };
    feeds.set(key, feed);
    return feed;
  }

  return {
    touch() {
      if (feeds.size > 0) lookSoon();
    },
    count: () => [...feeds.values()].reduce((sum, { wakes }) => sum + wakes.size, 0),
    watch(wanted, after) {
      const key = JSON.stringify(wanted);
      const feed = feeds.get(key) ?? open(key, wanted);
      let watching = true;
      let begun = false;
      let place = after ?? "";
      /** Which of the feed's events was seen last; undefined on the way there. */
      let seen: number | undefined;

      async function begin(): Promise<FeedEvent> {
        await look();
        const { at, number } = feed.settled;
        if (after === undefined) {
          [place, seen] = [at, number];
          return { scans: [], cursor: feedCursor(at) };
        }
        if (![after].flatMap((one) => (typeof one === "string" ? one : [one.from, one.to])).every((one) => precedes(one, at))) {
          throw notOurs();
        }
        return catchUp();
      }

      /** Reads by itself what the feed has told to others meanwhile. */
      async function catchUp(): Promise<FeedEvent> {
        const aim = feed.settled;
        const stretch = typeof place === "string" ? { from: place, to: aim.at } : place;
        const found = await readPatiently(
          log,
          "the feed of scans",
          () => watching,
          () => read(feed, stretch),
        );
        const [event, behind] = found ?? [{ scans: [], cursor: "" }, undefined];
        place = behind ?? stretch.to;
        seen = place === aim.at ? aim.number : undefined;
        return event;
      }

      async function step(): Promise<Step<FeedEvent> | undefined> {
        if (!begun) {
          begun = true;
          return { value: await begin() };
        }
        for (;;) {
          const { settled, last } = feed;
          if (seen === last.number) return undefined;
          if (seen === last.number - 1) {
            [place, seen] = [last.place, last.number];
            return { value: last.event };
          }
          // The feed is in the middle of a long stretch: it will be read once it is settled.
          if (seen !== undefined && seen >= settled.number) return undefined;
          const value = await catchUp();
          if (value.scans.length > 0 || !watching) return { value };
        }
      }

      return new Live({
        step,
        register(wake) {
          feed.wakes.add(wake);
          return () => {
            watching = false;
            feed.wakes.delete(wake);
            if (feed.wakes.size === 0 && feeds.get(key) === feed) feeds.delete(key);
          };
        },
      });
    },
  };
}

function isEverything(wanted: ScanCriteria): boolean {
  return Object.values(wanted).every((criterion) => criterion === undefined);
}

import assert from "node:assert";
import { precedes, type Snapshot, type SnapshotRange } from "../db/scan-changes.js";
import { feedCursor, foreignCursor, type FeedPlace } from "./feed-cursor.js";
import type { FeedEvent, FeedPage } from "./feed-page.js";
import { Watch, type Step } from "./watch.js";

/** A feed, shared by all its readers. Its events are numbered. */
export interface SharedFeed {
  readonly listeners: Set<() => void>;
  /** Everything up to this snapshot has been published, in events up to this number; undefined before the first refresh. */
  settled: { readonly at: Snapshot; readonly number: number } | undefined;
  /** Why its changes cannot be read; undefined while they can. A failure ends all its readers. */
  failure: { readonly error: unknown } | undefined;
  /** The newest event, and the place after it. */
  last: { readonly event: FeedEvent; readonly number: number; readonly place: FeedPlace };
}

/** What a reader uses of its feed. */
export interface FeedAccess {
  readonly feed: SharedFeed;
  /** Publishes all changes up to now. */
  refresh(): Promise<void>;
  /** Reads a page for a single reader; undefined once `isWanted` returns false. */
  read(range: SnapshotRange, isWanted: () => boolean): Promise<FeedPage | undefined>;
  /** Called once when the reader has ended. */
  close(): void;
}

type State =
  /** Nothing was read yet. */
  | { readonly mode: "starting" }
  /** Reads pages by itself, because the feed has already published them to others. */
  | { readonly mode: "catching-up"; readonly place: FeedPlace }
  /** Receives each event that the feed publishes; `seen` is the number of the last one. */
  | { readonly mode: "live"; readonly place: FeedPlace; readonly seen: number }
  | { readonly mode: "ended" };

const TRANSITIONS: Readonly<Record<State["mode"], readonly State["mode"][]>> = {
  starting: ["catching-up", "live", "ended"],
  "catching-up": ["catching-up", "live", "ended"],
  live: ["live", "catching-up", "ended"],
  ended: [],
};

/** Reads a feed from a place, or from now on. The first item throws BAD_INPUT for a place that never existed in this database. */
export function readFeed({ feed, refresh, read, close }: FeedAccess, after: FeedPlace | undefined): Watch<FeedEvent> {
  let state: State = { mode: "starting" };
  const current = (): State => state;
  const isWanted = () => state.mode !== "ended";

  function enter(next: State): void {
    assert(TRANSITIONS[state.mode].includes(next.mode), `a feed reader that is ${state.mode} cannot become ${next.mode}`);
    state = next;
  }

  async function start(): Promise<FeedEvent | undefined> {
    await refresh();
    if (!isWanted()) return undefined;
    assert(feed.settled, "a feed that was refreshed is settled");
    const { at, number } = feed.settled;
    if (after === undefined) {
      enter({ mode: "live", place: at, seen: number });
      return { scans: [], cursor: feedCursor(at) };
    }
    const snapshots = typeof after === "string" ? [after] : [after.from, after.to];
    if (!snapshots.every((snapshot) => precedes(snapshot, at))) throw foreignCursor();
    return catchUp(after);
  }

  async function catchUp(place: FeedPlace): Promise<FeedEvent | undefined> {
    enter({ mode: "catching-up", place });
    assert(feed.settled, "only a feed that is settled can be caught up with");
    const target = feed.settled;
    const range = typeof place === "string" ? { from: place, to: target.at } : place;
    const page = await read(range, isWanted);
    if (!page || !isWanted()) return undefined;
    const next = page.rest ?? range.to;
    if (next === target.at) enter({ mode: "live", place: next, seen: target.number });
    else enter({ mode: "catching-up", place: next });
    return page.event;
  }

  /** The next event for a live reader; undefined if it has to wait, "missed" if the feed published more than one event meanwhile. */
  function takeLive(seen: number): FeedEvent | "missed" | undefined {
    const { settled, last } = feed;
    if (seen === last.number) return undefined;
    if (seen === last.number - 1) {
      enter({ mode: "live", place: last.place, seen: last.number });
      return last.event;
    }
    // The feed is publishing a long range. The reader waits until that is complete, and then reads what it missed.
    return settled && seen < settled.number ? "missed" : undefined;
  }

  async function step(): Promise<Step<FeedEvent> | undefined> {
    if (feed.failure) throw feed.failure.error;
    if (state.mode === "starting") {
      const event = await start();
      // The first event is sent even without scans, because it carries a cursor.
      return event && { value: event };
    }
    for (;;) {
      const now = current();
      if (now.mode === "ended" || now.mode === "starting") return undefined;
      const event = now.mode === "live" ? takeLive(now.seen) : "missed";
      if (event !== "missed") return event && { value: event };
      const missed = await catchUp(now.place);
      if (missed && missed.scans.length > 0) return { value: missed };
    }
  }

  return new Watch({
    step,
    register(wake) {
      feed.listeners.add(wake);
      return () => {
        enter({ mode: "ended" });
        feed.listeners.delete(wake);
        close();
      };
    },
  });
}

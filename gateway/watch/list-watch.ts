import type { Logger } from "pino";
import { batched } from "../batches/batch.js";
import { retryRead, throttled } from "./reading.js";
import { Watch } from "./watch.js";

/** The whole list, or its changes since the previous revision. */
export interface ListChange<T> {
  /** Counts the changes seen by this gateway. */
  readonly revision: number;
  /** Whether `items` is the whole list. */
  readonly snapshot: boolean;
  readonly items: readonly T[];
  /** Items that left the list, in their last state. */
  readonly gone: readonly T[];
}

/** A list that is watched as a whole, such as the agents or the catalogue. It is read only while it has watchers. */
export interface ListWatch<T> {
  /** The whole list, then its changes, without end. A reader that misses a change gets the whole list again. */
  watch(): Watch<ListChange<T>>;
  /** Announces that the list may have changed. */
  invalidate(): void;
  /** How many watches there are. */
  count(): number;
}

/** How to read a list. */
export interface ListSource<T> {
  readonly name: string;
  read(): Promise<readonly T[]>;
  key(item: T): string;
  /** The part of an item that counts as a change if it differs. */
  comparable(item: T): unknown;
  /** How often the list is read even if nothing invalidates it; a second by default. */
  readonly everyMs?: number;
}

const POLL_MS = 1_000;
/** The list is read at most this often. */
const REST_MS = 100;

/** Watches one value as a list of one item. */
export function createValueWatch<T>(
  log: Logger,
  source: Pick<ListSource<T>, "name" | "everyMs"> & { read(): Promise<T>; comparable?(value: T): unknown },
): ListWatch<T> {
  return createListWatch<T>(log, {
    comparable: (value) => value,
    ...source,
    read: async () => [await source.read()],
    key: () => "",
  });
}

export function createListWatch<T>(log: Logger, source: ListSource<T>): ListWatch<T> {
  const listeners = new Set<() => void>();
  let entries = new Map<string, { item: T; comparable: string }>();
  let change: ListChange<T> = { revision: 0, snapshot: true, items: [], gone: [] };
  let snapshot = change;
  let timer: NodeJS.Timeout | undefined;

  const refresh = batched<void, void>(
    async (callers) => {
      const items = await retryRead(log, source.name, () => listeners.size > 0, source.read);
      if (items) update(items);
      return callers;
    },
    { size: Infinity, parallel: 1 },
  );

  function update(items: readonly T[]): void {
    const before = entries;
    entries = new Map(items.map((item) => [source.key(item), { item, comparable: JSON.stringify(source.comparable(item)) }]));
    const changed = [...entries].flatMap(([key, { item, comparable }]) =>
      before.get(key)?.comparable === comparable ? [] : [item],
    );
    const gone = [...before].flatMap(([key, { item }]) => (entries.has(key) ? [] : [item]));
    if (changed.length === 0 && gone.length === 0) return;
    const revision = change.revision + 1;
    change = { revision, snapshot: false, items: changed, gone };
    snapshot = { revision, snapshot: true, items: [...entries.values()].map(({ item }) => item), gone: [] };
    for (const wake of listeners) wake();
  }

  const refreshSoon = throttled(log, REST_MS, refresh);
  const invalidate = () => {
    if (listeners.size > 0) refreshSoon();
  };

  return {
    invalidate,
    count: () => listeners.size,
    watch() {
      let seen: number | undefined;
      return new Watch({
        register(wake) {
          listeners.add(wake);
          timer ??= setInterval(invalidate, source.everyMs ?? POLL_MS);
          return () => {
            listeners.delete(wake);
            if (listeners.size > 0) return;
            clearInterval(timer);
            timer = undefined;
          };
        },
        async step() {
          if (seen === undefined) await refresh();
          if (seen === change.revision) return undefined;
          const value = change.revision - 1 === seen ? change : snapshot;
          seen = change.revision;
          return { value };
        },
      });
    },
  };
}

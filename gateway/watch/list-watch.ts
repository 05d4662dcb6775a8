import type { Logger } from "pino";
import { batched } from "../batch.js";
import { Live, paced, readPatiently } from "./watch.js";

/** What a board tells: everything, or what has changed since the revision before. */
export interface BoardEvent<T> {
  /** Counts the changes that this gateway has seen. */
  readonly revision: number;
  /** Whether `items` is all there is. */
  readonly snapshot: boolean;
  readonly items: readonly T[];
  /** What was there and is not any more, as it was. */
  readonly gone: readonly T[];
}

/** A list of things that is watched as a whole: the agents, the catalogue. It is read only while somebody watches. */
export interface Board<T> {
  /** Everything, then the changes, without end. Who has missed one gets everything again, as it is by then. */
  watch(): Live<BoardEvent<T>>;
  /** Says that something may have changed. */
  touch(): void;
  /** Who watches. */
  count(): number;
}

/** What is on it. */
export interface Exhibit<T> {
  readonly name: string;
  read(): Promise<readonly T[]>;
  key(item: T): string;
  /** What of an item makes a change when it is another than before. */
  visible(item: T): unknown;
}

/** Without being touched it looks this often. */
const LOOK_MS = 1_000;
/** Touched again and again, it looks this often. */
const REST_MS = 100;

export function createBoard<T>(log: Logger, exhibit: Exhibit<T>): Board<T> {
  const wakes = new Set<() => void>();
  let shown = new Map<string, { item: T; print: string }>();
  let change: BoardEvent<T> = { revision: 0, snapshot: true, items: [], gone: [] };
  let snapshot = change;
  let timer: NodeJS.Timeout | undefined;

  const look = batched<void, void>(
    async (asked) => {
      const items = await readPatiently(log, exhibit.name, () => wakes.size > 0, exhibit.read);
      if (items) show(items);
      return asked;
    },
    { size: Infinity, parallel: 1 },
  );

  function show(items: readonly T[]): void {
    const before = shown;
    shown = new Map(items.map((item) => [exhibit.key(item), { item, print: JSON.stringify(exhibit.visible(item)) }]));
    const changed = [...shown].flatMap(([key, { item, print }]) => (before.get(key)?.print === print ? [] : [item]));
    const gone = [...before].flatMap(([key, { item }]) => (shown.has(key) ? [] : [item]));
    if (changed.length === 0 && gone.length === 0) return;
    const revision = change.revision + 1;
    change = { revision, snapshot: false, items: changed, gone };
    snapshot = { revision, snapshot: true, items: [...shown.values()].map(({ item }) => item), gone: [] };
    for (const wake of wakes) wake();
  }

  const lookSoon = paced(log, REST_MS, look);
  const touch = () => {
    if (wakes.size > 0) lookSoon();
  };

  return {
    touch,
    count: () => wakes.size,
    watch() {
      let seen: number | undefined;
      return new Live({
        register(wake) {
          wakes.add(wake);
          timer ??= setInterval(touch, LOOK_MS);
          return () => {
            wakes.delete(wake);
            if (wakes.size > 0) return;
            clearInterval(timer);
            timer = undefined;
          };
        },
        async step() {
          if (seen === undefined) await look();
          if (seen === change.revision) return undefined;
          const value = change.revision - 1 === seen ? change : snapshot;
          seen = change.revision;
          return { value };
        },
      });
    },
  };
}

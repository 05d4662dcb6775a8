import type { Logger } from "pino";
import { batched } from "../batch.js";
import { GatewayError } from "../errors.js";
import { Live, readPatiently, type Step } from "./watch.js";

/** Things that are watched one by one, such as scans: what this gateway knows of each while somebody watches it. */
export interface Topics<T> {
  /** The thing as it is now, then each newer state, until its last. The first `next()` throws NOT_FOUND if there is none. */
  watch(key: number): Live<T>;
  /** Says that the thing has reached a revision. */
  hear(key: number, revision: number): void;
  /** Says that the thing may have changed. */
  touch(key: number): void;
  /** What is watched now. */
  keys(): number[];
  /** The same of all that this is true of, and of those that were not read yet. */
  touchAll(which: (value: T) => boolean): void;
  /** Who watches. */
  count(): number;
}

/** What kind of things they are. */
export interface Kind<T> {
  readonly name: string;
  read(key: number): Promise<T | undefined>;
  /** Whether nothing follows this state. */
  isLast(value: T): boolean;
}

interface Topic<T> {
  readonly wakes: Set<() => void>;
  /** The newest state that was read: the same object for everybody, so that it is presented once. */
  value: T | undefined;
  /** Reads again and wakes everybody if there is news; those who ask meanwhile share the reading after this one. */
  refresh(): Promise<void>;
}

export function createTopics<T extends { readonly revision: number }>(log: Logger, kind: Kind<T>): Topics<T> {
  const topics = new Map<number, Topic<T>>();

  function open(key: number): Topic<T> {
    const wakes = new Set<() => void>();
    const reading = batched<void, void>(async (asked) => {
      next = undefined;
      const read = await readPatiently(
        log,
        `${kind.name} ${key}`,
        () => wakes.size > 0,
        () => kind.read(key),
      );
      if (read && topic.value && read.revision <= topic.value.revision) return asked;
      topic.value = read;
      for (const wake of wakes) wake();
      return asked;
    }, ONE_AT_A_TIME);
    /** One promise for all who ask. */
    let next: Promise<void> | undefined;
    const refresh = () => (next ??= reading());
    const topic: Topic<T> = { wakes, value: undefined, refresh };
    topics.set(key, topic);
    return topic;
  }

  function touch(key: number): void {
    const topic = topics.get(key);
    // Nobody is woken before there is something to see: thousands who look take longer than the reading.
    topic?.refresh().catch((error: unknown) => log.error({ err: error }, `${kind.name} ${key} cannot be shown`));
  }

  return {
    touch,
    watch(key) {
      const topic = topics.get(key) ?? open(key);
      let seen = -1;
      let begun = false;

      /** Read after the registration, whatever is known: between the two nothing can be missed. */
      async function first(): Promise<Step<T> | "end"> {
        await topic.refresh();
        begun = true;
        const found = news();
        if (!found || found === "end") throw new GatewayError("NOT_FOUND", `there is no ${kind.name} ${key}`);
        return found;
      }

      function news(): Step<T> | "end" | undefined {
        const { value } = topic;
        if (!value) return "end";
        if (value.revision <= seen) return undefined;
        seen = value.revision;
        return { value, last: kind.isLast(value) };
      }

      return new Live({
        register(wake) {
          topic.wakes.add(wake);
          return () => {
            topic.wakes.delete(wake);
            if (topic.wakes.size === 0 && topics.get(key) === topic) topics.delete(key);
          };
        },
        step: () => (begun ? news() : first()),
      });
    },
    hear(key, revision) {
      const topic = topics.get(key);
      if (topic && !(topic.value && topic.value.revision >= revision)) touch(key);
    },
    keys: () => [...topics.keys()],
    touchAll(which) {
      for (const [key, { value }] of topics) if (!value || which(value)) touch(key);
    },
    count: () => [...topics.values()].reduce((sum, { wakes }) => sum + wakes.size, 0),
  };
}

const ONE_AT_A_TIME = { size: Infinity, parallel: 1 };

import { pause } from "../bus-connection.js";
import type { Logger } from "pino";

const RETRY_MS = 500;

/** What an iterator's next item is, and whether it is the last one. */
export interface Step<T> {
  readonly value: T;
  readonly last?: boolean;
}

type Found<T> = Step<T> | "end" | undefined;

/** Where an iterator gets its items. */
export interface Items<T> {
  /** Called once, before anything is read; `wake` is to be called whenever there may be something new. */
  register(wake: () => void): () => void;
  /** The next item; undefined when there is none now, "end" when there will be none. What it throws ends the iterator. */
  step(): Promise<Found<T>> | Found<T>;
}

/**
 * An endless iterator that takes an item when its reader asks for one: a slow reader gets what is newest by then, not a queue.
 * It is no generator, because `return()` of a generator that waits does nothing until the wait is over.
 */
export function liveItems<T>({ register, step }: Items<T>): AsyncIterableIterator<T> {
  let ended = false;
  let woken = false;
  let wakeUp = () => {};
  const unregister = register(() => {
    woken = true;
    wakeUp();
  });

  function end(): IteratorReturnResult<undefined> {
    if (!ended) unregister();
    ended = true;
    wakeUp();
    return { done: true, value: undefined };
  }

  return {
    async next() {
      try {
        while (!ended) {
          woken = false;
          // Of thousands who watch the same, each waits no more often than it has to.
          const stepped = step();
          const found = stepped instanceof Promise ? await stepped : stepped;
          if (ended || found === "end") break;
          if (found === undefined) {
            if (!woken) await new Promise<void>((resolve) => (wakeUp = resolve));
            continue;
          }
          if (found.last) end();
          return { done: false, value: found.value };
        }
        return end();
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      return end();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Reads until it succeeds: Postgres being away is no reason to end a subscription. Undefined once nobody wants it any more. */
export async function readPatiently<T>(
  log: Logger,
  what: string,
  wanted: () => boolean,
  read: () => Promise<T>,
): Promise<T | undefined> {
  while (wanted()) {
    try {
      return await read();
    } catch (error) {
      log.warn({ err: error }, `${what} cannot be read now`);
      await pause(RETRY_MS);
    }
  }
  return undefined;
}

/** Looks when it is touched; touched again and again, once in so long. */
export function paced(log: Logger, restMs: number, look: () => Promise<void>): () => void {
  let touched = false;
  let running = false;

  async function run(): Promise<void> {
    while (touched) {
      touched = false;
      await look();
      await pause(restMs);
    }
  }

  return () => {
    touched = true;
    if (running) return;
    running = true;
    run()
      .catch((error: unknown) => log.error({ err: error }, "a change cannot be shown"))
      .finally(() => (running = false));
  };
}

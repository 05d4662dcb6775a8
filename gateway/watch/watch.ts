import { pause } from "../bus/connection.js";
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

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Items for one reader, who is given what is newest when it asks: a slow one gets no queue. It can wait for the next item, as with
 * any iterator; or take what is there and be told when there may be more, which costs the least where thousands watch the same.
 */
export class Live<T> implements AsyncIterableIterator<T> {
  private readonly unregister: () => void;
  private tell: () => void = () => {};
  private found: Found<T>;
  private failure: { readonly error: unknown } | undefined;
  private stepping = false;
  private woken = false;
  private ended = false;

  constructor(private readonly items: Items<T>) {
    this.unregister = items.register(() => {
      if (this.stepping) this.woken = true;
      else this.tell();
    });
  }

  /** What is told whenever there may be something to take: the one reader. It must not throw, for others are told after it. */
  whenNews(tell: () => void): void {
    this.tell = tell;
  }

  /** What `next()` gives, if it is there. Throws what ends the items. */
  take(): IteratorResult<T, undefined> | undefined {
    const found = this.look();
    if (found === undefined) return undefined;
    this.found = undefined;
    if (found === "end" || found.last) this.end();
    return found === "end" ? DONE : { done: false, value: found.value };
  }

  /** Resolves once there is something to take. Throws what ends the items before. */
  async begun(): Promise<void> {
    while (this.look() === undefined) await this.news();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const taken = this.take();
      if (taken) return taken;
      await this.news();
    }
  }

  /** The reader wants nothing more, and is not told anything more. */
  leave(): void {
    this.tell = () => {};
    this.found = undefined;
    this.failure = undefined;
    this.end();
  }

  /** The same for a reader that may be waiting: it is told of the end. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    const { tell } = this;
    this.leave();
    tell();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** What was found and not yet taken. */
  private look(): Found<T> {
    if (this.failure) {
      const { error } = this.failure;
      this.failure = undefined;
      throw error;
    }
    if (this.found !== undefined) return this.found;
    if (this.ended) return "end";
    if (this.stepping) return undefined;
    try {
      const found = this.items.step();
      if (!(found instanceof Promise)) return (this.found = found);
      this.stepping = true;
      found.then(
        (value) => this.stepped(value),
        (error: unknown) => this.broken(error),
      );
      return undefined;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  private stepped(found: Found<T>): void {
    this.stepping = false;
    const again = found !== undefined || this.woken;
    this.woken = false;
    if (this.ended) return;
    this.found = found;
    if (again) this.tell();
  }

  private broken(error: unknown): void {
    this.stepping = false;
    // Who has left has no use for it.
    if (this.ended) return;
    this.failure = { error };
    this.end();
    this.tell();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.unregister();
  }

  private news(): Promise<void> {
    return new Promise((resolve) => this.whenNews(resolve));
  }
}

/** The same items, once the first is there: a subscription that cannot start is refused, not broken off. */
export async function started<T>(items: Live<T>): Promise<Live<T>> {
  await items.begun();
  return items;
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

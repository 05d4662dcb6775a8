/** The next item of a watch, and whether it is the last one. */
export interface Step<T> {
  readonly value: T;
  readonly last?: boolean;
}

type Found<T> = Step<T> | "end" | undefined;

/** Where a watch gets its items. */
export interface Source<T> {
  /** Called once before anything is read. The source calls `wake` whenever there may be a new item. Returns a function that unregisters. */
  register(wake: () => void): () => void;
  /** The next item; undefined if there is none now, "end" if there will be no more. An error ends the watch. */
  step(): Promise<Found<T>> | Found<T>;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Items for one reader. Nothing is queued: a slow reader gets the newest item when it asks. It can be read as an async iterator, or with
 * `poll` and `onReady`, which is cheapest if thousands watch the same object.
 */
export class Watch<T> implements AsyncIterableIterator<T> {
  private readonly unregister: () => void;
  private notify: () => void = () => {};
  private found: Found<T>;
  private failure: { readonly error: unknown } | undefined;
  private stepping = false;
  private wokenMeanwhile = false;
  private ended = false;

  constructor(private readonly source: Source<T>) {
    this.unregister = source.register(() => {
      if (this.stepping) this.wokenMeanwhile = true;
      else this.notify();
    });
  }

  /** Sets the only callback for when `poll` may return something. It must not throw, because others are notified after it. */
  onReady(notify: () => void): void {
    this.notify = notify;
  }

  /** What `next()` would return, if it is available now. Throws the error that ended the watch. */
  poll(): IteratorResult<T, undefined> | undefined {
    const found = this.peek();
    if (found === undefined) return undefined;
    this.found = undefined;
    if (found === "end" || found.last) this.end();
    return found === "end" ? DONE : { done: false, value: found.value };
  }

  /** Resolves to this watch once its first item is available or the signal has ended it; rejects with an error that ends it earlier. */
  async ready(signal: AbortSignal): Promise<this> {
    const leave = () => void this.return();
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    try {
      while (this.peek() === undefined) await this.readiness();
      return this;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const result = this.poll();
      if (result) return result;
      await this.readiness();
    }
  }

  /** Ends the watch without calling the `onReady` callback. */
  cancel(): void {
    this.notify = () => {};
    this.found = undefined;
    this.failure = undefined;
    this.end();
  }

  /** Ends the watch, and wakes a reader that is waiting in `next()`. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    const { notify } = this;
    this.cancel();
    notify();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item, which stays until it is polled. */
  private peek(): Found<T> {
    if (this.failure) {
      const { error } = this.failure;
      this.failure = undefined;
      throw error;
    }
    if (this.found !== undefined) return this.found;
    if (this.ended) return "end";
    if (this.stepping) return undefined;
    try {
      const found = this.source.step();
      if (!(found instanceof Promise)) return (this.found = found);
      this.stepping = true;
      found.then(
        (value) => this.finishStep(value),
        (error: unknown) => this.fail(error),
      );
      return undefined;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  private finishStep(found: Found<T>): void {
    this.stepping = false;
    const mayBeReady = found !== undefined || this.wokenMeanwhile;
    this.wokenMeanwhile = false;
    if (this.ended) return;
    this.found = found;
    if (mayBeReady) this.notify();
  }

  private fail(error: unknown): void {
    this.stepping = false;
    // A reader that has cancelled does not need the error.
    if (this.ended) return;
    this.failure = { error };
    this.end();
    this.notify();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.unregister();
  }

  private readiness(): Promise<void> {
    return new Promise((resolve) => this.onReady(resolve));
  }
}

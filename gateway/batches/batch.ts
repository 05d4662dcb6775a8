interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Takes one item, which is worked on together with others. */
export type Batched<T, R> = (item: T) => Promise<R>;

/**
 * Turns a function over many items into one over a single item: items that arrive while a batch is at work go into the next. A lone
 * item waits for nothing; under load one transaction serves many. A batch that fails fails each of its items. As long as several items
 * wait for each batch, one batch is at work at a time: two would share what one transaction can serve.
 */
export function batched<T, R>(work: (items: T[]) => Promise<R[]>, limits: { size: number; parallel: number }): Batched<T, R> {
  const waiting: Waiting<T, R>[] = [];
  let running = 0;
  /** How many items the last batch had. */
  let last = 0;

  function next(): void {
    while (waiting.length > 0 && running < (limits.size > 1 && last > 1 ? 1 : limits.parallel)) {
      running += 1;
      const batch = waiting.splice(0, limits.size);
      last = batch.length;
      void run(batch);
    }
  }

  async function run(batch: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`a batch of ${batch.length} items has ${results.length} results`);
      results.forEach((result, i) => batch[i]?.resolve(result));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
      next();
    }
  }

  return (item) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // One turn of the event loop, so that requests that arrive together share a batch.
      if (waiting.length === 1) setImmediate(next);
    });
}

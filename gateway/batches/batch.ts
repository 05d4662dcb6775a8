interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Takes one item and processes it in a batch with others. */
export type Batched<T, R> = (item: T) => Promise<R>;

/**
 * Turns a function over many items into one over a single item. Items that arrive while a batch is running go into the next, so a lone item
 * does not wait, and under load one transaction serves many. If a batch fails, each of its items fails. While batches have several items,
 * only one runs at a time: two would split what one transaction can serve.
 */
export function batched<T, R>(work: (items: T[]) => Promise<R[]>, limits: { size: number; parallel: number }): Batched<T, R> {
  const waiting: Waiting<T, R>[] = [];
  let running = 0;
  /** The size of the last batch. */
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
      // Waits one turn of the event loop, so that requests that arrive together share a batch.
      if (waiting.length === 1) setImmediate(next);
    });
}

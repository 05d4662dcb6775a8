interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns a function over many items into one over a single item: what arrives while a batch is at work goes into the next.
 * Alone, an item waits for nobody; under load one transaction serves many. A batch that fails fails each of its items.
 */
export function batched<T, R>(
  work: (items: T[]) => Promise<R[]>,
  limits: { size: number; parallel: number },
): (item: T) => Promise<R> {
  const waiting: Waiting<T, R>[] = [];
  let running = 0;

  function next(): void {
    while (running < limits.parallel && waiting.length > 0) {
      running += 1;
      void run(waiting.splice(0, limits.size));
    }
  }

  async function run(batch: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error("a batch must answer each of its items");
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
      // One turn of the loop lets requests that arrived together travel together.
      if (waiting.length === 1) setImmediate(next);
    });
}

/** Regroups bytes into chunks of exactly `size`; the last may be smaller. An empty source gives no chunk. */
export async function* chunked(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const bytes of source) {
    let rest = bytes;
    while (held + rest.length >= size) {
      parts.push(rest.subarray(0, size - held));
      rest = rest.subarray(size - held);
      yield Buffer.concat(parts, size);
      parts = [];
      held = 0;
    }
    if (rest.length > 0) parts.push(rest);
    held += rest.length;
  }
  if (held > 0) yield Buffer.concat(parts, held);
}

/** Runs a bounded number of tasks at once, and keeps their results in order. */
export interface Window<T> {
  /** Waits for a free place, then starts the task. Throws the first failure of an earlier one. */
  add(task: () => Promise<T>): Promise<void>;
  /** All results in order. Throws the first failure. */
  all(): Promise<T[]>;
  /** The results of the tasks that succeeded, once all have ended. */
  settled(): Promise<T[]>;
}

export function openWindow<T>(places: number): Window<T> {
  const tasks: Promise<T>[] = [];
  const running = new Set<Promise<unknown>>();
  let failure: { error: unknown } | undefined;
  const check = () => {
    if (failure) throw failure.error;
  };
  return {
    async add(start) {
      while (running.size >= places) await Promise.race(running);
      check();
      const task = start();
      tasks.push(task);
      const watched: Promise<unknown> = task.then(
        () => running.delete(watched),
        (error: unknown) => {
          running.delete(watched);
          failure ??= { error };
        },
      );
      running.add(watched);
    },
    all: () => Promise.all(tasks),
    async settled() {
      const ended = await Promise.allSettled(tasks);
      return ended.flatMap((task) => (task.status === "fulfilled" ? [task.value] : []));
    },
  };
}

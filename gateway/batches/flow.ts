/** Pieces smaller than this are small. */
const SMALL_BYTES = 16 * 1024;
/** This many consecutive small pieces are joined: a list of tiny pieces takes more memory than their bytes. */
const JOINED = 256;

/**
 * Regroups bytes into chunks of exactly `size`, except that the last may be smaller. An empty source gives no chunks. A chunk is a list of
 * the source's pieces, with very small ones joined.
 */
export async function* chunked(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array[]> {
  let pieces = collectPieces();
  for await (const bytes of source) {
    let rest = bytes;
    while (pieces.size() + rest.length >= size) {
      const missing = size - pieces.size();
      pieces.add(rest.subarray(0, missing));
      rest = rest.subarray(missing);
      yield pieces.all();
      pieces = collectPieces();
    }
    pieces.add(rest);
  }
  if (pieces.size() > 0) yield pieces.all();
}

function collectPieces(): { size(): number; add(piece: Uint8Array): void; all(): Uint8Array[] } {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let small: Uint8Array[] = [];
  const closeSmall = () => {
    const [only] = small;
    if (only !== undefined) pieces.push(small.length === 1 ? only : Buffer.concat(small));
    small = [];
  };
  return {
    size: () => size,
    add(piece) {
      if (piece.length === 0) return;
      size += piece.length;
      if (piece.length >= SMALL_BYTES || small.length === JOINED) closeSmall();
      (piece.length < SMALL_BYTES ? small : pieces).push(piece);
    },
    all() {
      closeSmall();
      return pieces;
    },
  };
}

/** Runs a limited number of tasks at once and keeps their results in order. */
export interface Window<T> {
  /** Waits for a free slot, then starts the task. Throws the first failure of an earlier task. */
  add(task: () => Promise<T>): Promise<void>;
  /** All results in order. Throws the first failure. */
  all(): Promise<T[]>;
  /** The results of the successful tasks, once all tasks have ended. */
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

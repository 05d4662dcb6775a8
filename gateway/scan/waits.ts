/** Estimated milliseconds until a request would start, by the engine's id; an engine of which that is unknown is left out. */
export type Waits = ReadonlyMap<number, number>;

/** How long an estimate is used. */
const USED_FOR_MS = 1_000;

/** Returns a function that reads the waits, once for all who ask within a second. */
export function createWaits(read: () => Promise<Waits>): () => Promise<Waits> {
  let readAt = -Infinity;
  let waits: Promise<Waits>;
  return () => {
    if (performance.now() - readAt >= USED_FOR_MS) {
      readAt = performance.now();
      waits = read();
    }
    return waits;
  };
}

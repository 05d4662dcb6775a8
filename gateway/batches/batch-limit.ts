/** How many results are recorded together. */
export interface BatchLimit {
  most(): number;
  /** A batch was recorded: the next may be larger. */
  recorded(): void;
  /** A batch of so many was not. */
  failed(count: number): void;
}

/**
 * Postgres that is away, and a result that ends its connection or takes all its memory, look alike. After each failure fewer results
 * are tried together, at last one alone, so that such a result keeps back no other.
 */
export function createBatchLimit(largest: number): BatchLimit {
  let limit = largest;
  return {
    most: () => limit,
    recorded: () => void (limit = Math.min(limit * 2, largest)),
    failed: (count) => void (limit = Math.max(1, Math.floor(Math.min(count, limit) / 2))),
  };
}

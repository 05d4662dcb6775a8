/** How many items go into one batch. */
export interface BatchLimit {
  most(): number;
  /** The batch succeeded, so the next may be larger. */
  recorded(): void;
  /** A batch of `count` items failed. */
  failed(count: number): void;
}

/**
 * An outage of Postgres looks the same as a result that kills its connection or exhausts its memory. So each failure halves the batch, down
 * to a single result, until the bad one no longer affects the others.
 */
export function createBatchLimit(largest: number): BatchLimit {
  let limit = largest;
  return {
    most: () => limit,
    recorded: () => void (limit = Math.min(limit * 2, largest)),
    failed: (count) => void (limit = Math.max(1, Math.floor(Math.min(count, limit) / 2))),
  };
}

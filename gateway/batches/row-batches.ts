import type { Logger } from "pino";
import { createBatchLimit } from "./batch-limit.js";
import { GatewayError } from "../errors.js";

/** Which rows a statement may take. */
export interface RowRange {
  readonly limit: number;
  /** Ids of rows to skip for now. */
  readonly except: readonly number[];
}

export interface RowBatch extends RowRange {
  /** To be called with the ids of the rows taken, before anything that may fail because of one of them. */
  took(ids: readonly number[]): void;
}

/** Does background work on rows in batches, so that a row that fails does not hold up the others. */
export interface RowBatches {
  /** Runs until a batch reports that no more is left. Throws errors that affect all rows. */
  run(work: (batch: RowBatch) => Promise<boolean>): Promise<void>;
}

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
/** After this many single failures in a row, the rows are not the cause. */
const MOST_ALONE = 5;

/** `row` is what the log calls a row. Batches shrink after a failure, and a row that fails alone is skipped for a while. */
export function createRowBatches(largest: number, log: Logger, row: string): RowBatches {
  const limit = createBatchLimit(largest);
  const leftOut = new Map<number, { readonly until: number; readonly waitMs: number }>();

  function leaveOut(id: number, error: unknown): void {
    const now = performance.now();
    for (const [other, { until, waitMs }] of leftOut) if (until + waitMs < now) leftOut.delete(other);
    const waitMs = Math.min(2 * (leftOut.get(id)?.waitMs ?? FIRST_WAIT_MS / 2), LONGEST_WAIT_MS);
    leftOut.set(id, { until: now + waitMs, waitMs });
    log.error(
      { err: error, [row]: id, waitMs },
      `background work fails with this ${row}; it goes on without it and tries it again`,
    );
  }

  return {
    async run(work) {
      for (let alone = 0; ;) {
        const now = performance.now();
        const except = [...leftOut].filter(([, { until }]) => until > now).map(([id]) => id);
        let taken: readonly number[] = [];
        try {
          const more = await work({ limit: limit.most(), except, took: (ids) => void (taken = [...new Set(ids)]) });
          limit.recorded();
          alone = 0;
          if (!more) return;
        } catch (error) {
          const [id] = taken;
          if (id === undefined) throw error;
          limit.failed(taken.length);
          // A row that kills the connection also looks like an outage of Postgres. The next run uses a smaller batch.
          if (taken.length > 1 && error instanceof GatewayError) throw error;
          if (taken.length > 1) continue;
          leaveOut(id, error);
          if (++alone >= MOST_ALONE) throw error;
        }
      }
    },
  };
}

import type { Logger } from "pino";
import { createBatchLimit } from "./batch-limit.js";
import { GatewayError } from "../errors.js";

/** Which rows a statement may take. */
export interface RowRange {
  readonly limit: number;
  /** Ids of rows that are left out for now. */
  readonly except: readonly number[];
}

export interface RowBatch extends RowRange {
  /** Called with the ids of the rows that are taken, before anything that may fail because of one of them. */
  took(ids: readonly number[]): void;
}

/** Does background work on many rows at once, so that a row with which it fails costs no other. */
export interface RowBatches {
  /** Works until a batch says that there is no more. Throws what keeps back all rows. */
  run(work: (batch: RowBatch) => Promise<boolean>): Promise<void>;
}

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
/** So many rows that fail alone one after the other are not what is wrong. */
const MOST_ALONE = 5;

/** `row` is what the log calls a row. After a failure fewer rows are taken; one that fails alone is left out for a while. */
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
          // Also a row that ends the connection looks as if Postgres were away. The next run goes on with fewer.
          if (taken.length > 1 && error instanceof GatewayError) throw error;
          if (taken.length > 1) continue;
          leaveOut(id, error);
          if (++alone >= MOST_ALONE) throw error;
        }
      }
    },
  };
}

import type { InternetClass } from "../../schema/classes.js";
import type { ReturnCause, ReturnedRequest } from "../../schema/messages.js";
import { batched } from "../batch.js";
import type { ResultDelivery } from "../bus/bus.js";
import { transact } from "../db/database.js";
import { requestAgain, type Unanswered } from "../db/request-again.js";
import { lockReturned } from "../db/returned.js";
import type { ScanContext } from "../scan/context.js";

/** How long a returned request waits until it is published again. */
const DELAY_MS: Readonly<Record<ReturnCause, number>> = { STOPPING: 0, UNAVAILABLE: 1_000 };
const BATCH = 200;
const RETRY_AFTER_MS = 500;

interface ReceivedReturn {
  readonly engine: string;
  readonly message: ReturnedRequest;
}

/** Takes what agents return: publishes it anew, and acknowledges the message last. */
export interface Returns {
  take(delivery: ResultDelivery, engine: string, message: ReturnedRequest): void;
  /** Waits for what it has taken. */
  idle(): Promise<void>;
}

export function createReturns(ctx: ScanContext, internet: InternetClass): Returns {
  const pending = new Set<Promise<void>>();
  const publishAgain = batched<ReceivedReturn, boolean>((batch) => publishReturned(ctx, internet, batch), {
    size: BATCH,
    parallel: 1,
  });

  async function settle(delivery: ResultDelivery, received: ReceivedReturn): Promise<void> {
    try {
      if (!(await publishAgain(received))) return delivery.nak(RETRY_AFTER_MS);
      ctx.metrics.requestsReturned.labels(received.message.cause).inc();
      delivery.ack();
    } catch (error) {
      ctx.log.warn({ err: error, scan: received.message.scan }, "cannot publish a returned request now; it stays on the bus");
      delivery.nak(RETRY_AFTER_MS);
    }
  }

  return {
    take(delivery, engine, message) {
      const task = settle(delivery, { engine, message }).finally(() => pending.delete(task));
      pending.add(task);
    },
    async idle() {
      await Promise.all(pending);
    },
  };
}

/** Inserts requests again that are still open. Returns for each whether it is settled: one whose sequence is not recorded yet is not. */
async function publishReturned(ctx: ScanContext, internet: InternetClass, batch: readonly ReceivedReturn[]): Promise<boolean[]> {
  const returned = batch.map(({ engine, message: { scan, sequence } }) => ({ scanId: scan, engine, sequence }));
  const { unmarked, outboxIds } = await transact(ctx.db, async (tx) => {
    const rows = await lockReturned(tx, internet, returned);
    // The same message may have come twice.
    const again = new Map<string, Unanswered>();
    for (const { position, outboxId, engineId, unmarked } of rows) {
      const { cause, crashes } = batch[position]?.message ?? {};
      if (unmarked || cause === undefined || crashes === undefined) continue;
      again.set(`${outboxId} ${engineId}`, { outboxId, engineId, crashes, delayMs: DELAY_MS[cause] });
    }
    const marked = new Set(rows.filter((row) => !row.unmarked).map(({ position }) => position));
    return {
      unmarked: new Set(rows.filter(({ position }) => !marked.has(position)).map(({ position }) => position)),
      outboxIds: await requestAgain(tx, [...again.values()]),
    };
  });
  for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
  return batch.map((_, position) => !unmarked.has(position));
}

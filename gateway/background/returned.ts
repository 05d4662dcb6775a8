import type { InternetClass } from "../../schema/classes.js";
import type { ReturnedRequest } from "../../schema/messages.js";
import type { ReturnCause } from "../../schema/return-cause.js";
import { engineToken } from "../../schema/subjects.js";
import { batched } from "../batches/batch.js";
import { isBlocked, transact } from "../db/database.js";
import { requestAgain, type Unanswered } from "../db/request-again.js";
import { findLocked, raiseResults, type IncomingResult } from "../db/results.js";
import { lockReturned, type ReturnedRow } from "../db/returned.js";
import { GatewayError } from "../errors.js";
import type { Fleet } from "../fleet/fleet.js";
import { announce } from "../scan/announce.js";
import type { ScanContext } from "../scan/context.js";
import type { Settlement } from "./settlement.js";
import { unansweredResult } from "../scan/withdraw.js";

/** How long to wait before a returned request is published again. */
const DELAY_MS: Readonly<Record<ReturnCause, number>> = { STOPPING: 0, UNAVAILABLE: 1_000, NO_ROOM: 5_000 };
const BATCH = 200;
const RETRY_AFTER_MS = 500;
/** A request that fails alone is unlikely to succeed soon. */
const FAILED_AFTER_MS = 5_000;

/** Whether it is settled, or how long to wait before the next try. */
type Settled = true | { readonly retryMs: number };

interface ReceivedReturn {
  readonly engine: string;
  readonly message: ReturnedRequest;
}

/** Publishes returned requests again, then acknowledges the messages that returned them. */
export interface Returns {
  take(delivery: Settlement, engine: string, message: ReturnedRequest): void;
  /** Waits until all returned requests taken so far are settled. */
  idle(): Promise<void>;
}

export function createReturns(ctx: ScanContext, internet: InternetClass): Returns {
  const pending = new Set<Promise<void>>();
  const publishAgain = batched<ReceivedReturn, Settled>((batch) => publishEach(ctx, internet, batch), {
    size: BATCH,
    parallel: 1,
  });

  async function settle(delivery: Settlement, received: ReceivedReturn): Promise<void> {
    try {
      const settled = await publishAgain(received);
      if (settled !== true) return delivery.nak(settled.retryMs);
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

/** A request that cannot be published does not hold up the others. */
async function publishEach(ctx: ScanContext, internet: InternetClass, batch: readonly ReceivedReturn[]): Promise<Settled[]> {
  try {
    return await publishReturned(ctx, internet, batch);
  } catch (error) {
    if (error instanceof GatewayError || isBlocked(error)) throw error;
    if (batch.length > 1) return (await Promise.all(batch.map((one) => publishEach(ctx, internet, [one])))).flat();
    ctx.log.error({ err: error, scan: batch[0]?.message.scan }, "cannot publish a returned request; it is tried again");
    return [{ retryMs: FAILED_AFTER_MS }];
  }
}

/**
 * Inserts returned requests again if they are still open; if no host has room for the sample, the result is FAILED. Returns for each
 * whether it is settled. A request is not settled while its sequence is not recorded, or while another session has locked its scan.
 */
async function publishReturned(ctx: ScanContext, internet: InternetClass, batch: readonly ReceivedReturn[]): Promise<Settled[]> {
  const locked = await findLocked(
    ctx.db,
    batch.map(({ message }) => message.scan),
  );
  const returned = batch.flatMap(({ engine, message: { scan, sequence } }, position) =>
    locked.has(scan) ? [] : [{ position, scanId: scan, engine, sequence }],
  );
  const { unmarked, outboxIds, changed } = await transact(ctx.db, async (tx) => {
    const rows = (await lockReturned(tx, internet, returned)).flatMap((row) => {
      const received = batch[row.position];
      return received === undefined ? [] : [{ ...row, ...received }];
    });
    const marked = rows.filter((row) => !row.unmarked);
    const homeless = marked.filter((row) => isTooLarge(ctx.fleet, row));
    // The same message may have been delivered twice.
    const again = new Map(
      marked.filter((row) => !homeless.includes(row)).map((row) => [`${row.outboxId} ${row.engineId}`, unanswered(row)]),
    );
    const known = new Set(marked.map(({ position }) => position));
    return {
      unmarked: new Set(rows.map(({ position }) => position).filter((position) => !known.has(position))),
      outboxIds: await requestAgain(tx, [...again.values()]),
      changed:
        homeless.length === 0
          ? []
          : (
              await raiseResults(
                tx,
                homeless.map((row) => failedResult(row, internet)),
              )
            ).changed,
    };
  });
  announce(ctx, changed);
  for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
  return batch.map(({ message }, position) =>
    unmarked.has(position) || locked.has(message.scan) ? { retryMs: RETRY_AFTER_MS } : true,
  );
}

type ReturnedEntry = ReturnedRow & ReceivedReturn;

function unanswered({ outboxId, engineId, message: { cause, crashes } }: ReturnedEntry): Unanswered {
  return { outboxId, engineId, crashes, delayMs: DELAY_MS[cause] };
}

/** Whether every host that runs the engine reports too small a disk for the sample. */
function isTooLarge(fleet: Fleet, { engine, size, message: { cause } }: ReturnedEntry): boolean {
  if (cause !== "NO_ROOM") return false;
  const hosts = fleet.agents().filter(({ engines }) => engines.some(({ name }) => engineToken(name) === engine));
  return hosts.length > 0 && hosts.every(({ largestSample }) => largestSample !== undefined && largestSample < size);
}

function failedResult({ engine, size, message: { scan } }: ReturnedEntry, internet: InternetClass): IncomingResult {
  return {
    ...unansweredResult({
      scanId: scan,
      engine,
      internet: internet === "internet",
      state: "FAILED",
      error: `no host has room for ${size} bytes`,
    }),
    cause: "SAMPLE_UNAVAILABLE",
  };
}

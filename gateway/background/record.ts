import { setTimeout as pause } from "node:timers/promises";
import { INTERNET_CLASSES, type InternetClass } from "../../schema/classes.js";
import { isBlocked, isDataError, isTooComplex, retryDeadlock } from "../db/database.js";
import { findLocked, raiseResults } from "../db/results.js";
import { GatewayError } from "../errors.js";
import { announce } from "../scan/announce.js";
import type { ScanContext } from "../scan/context.js";
import { createBatchLimit, type BatchLimit } from "../batches/batch-limit.js";
import { createLockedScans, type LockedScans } from "./locked-scans.js";
import { receive, type ReceivedResult } from "./receive.js";
import { createReturns } from "./returned.js";
import { judgeSuppressed } from "./suppressed.js";
import { cancelRemaining } from "../scan/withdraw.js";

/** Records results until stopped. */
export interface Recorder {
  stop(): Promise<void>;
}

const BATCH = 200;
const BATCH_BYTES = 4 * 1024 * 1024;
/** The backlog at which consuming pauses. */
const WAITING = 1_000;
const WAITING_BYTES = 16 * 1024 * 1024;
const PAUSE_MS = 500;
/** How soon to retry a result that failed on its own for a reason that may pass. */
const DELAY_MS = 5_000;

/** Consumes results from both accounts, records them in batches, sends hints, and acknowledges them last. */
export function startRecorder(ctx: ScanContext): Recorder {
  const recorders = INTERNET_CLASSES.map((internet) => recordAccount(ctx, internet));
  return {
    async stop() {
      await Promise.all(recorders.map(({ stop }) => stop()));
    },
  };
}

function recordAccount(ctx: ScanContext, internet: InternetClass): Recorder {
  const waiting: ReceivedResult[] = [];
  let waitingBytes = 0;
  let working: Promise<void> | undefined;
  const returns = createReturns(ctx, internet);
  const memory: Memory = { locked: createLockedScans(), limit: createBatchLimit(BATCH) };

  const consumer = ctx.bus.account(internet).consumeResults(async (delivery) => {
    const received = receive(ctx, internet, delivery, returns);
    if (received.length === 0) return;
    for (const one of received) waiting.push(one);
    waitingBytes += sizeOf(received);
    working ??= work();
    if (waiting.length >= WAITING || waitingBytes >= WAITING_BYTES) await working;
  });

  /** One batch at a time. Results that arrive meanwhile go into the next. */
  async function work(): Promise<void> {
    await new Promise(setImmediate);
    try {
      while (waiting.length > 0) await recordOrReturn(ctx, memory, takeBatch());
    } catch (error) {
      ctx.log.error({ err: error }, "results could not be returned to the bus; it delivers them again");
    } finally {
      working = undefined;
    }
  }

  function takeBatch(): ReceivedResult[] {
    let bytes = 0;
    const most = memory.limit.most();
    const end = waiting.findIndex((one, i) => i > 0 && (i >= most || (bytes += one.bytes) > BATCH_BYTES));
    const batch = waiting.splice(0, end === -1 ? waiting.length : end);
    waitingBytes -= sizeOf(batch);
    return batch;
  }

  return {
    async stop() {
      await consumer.stop();
      await working;
      await returns.idle();
    },
  };
}

function sizeOf(results: readonly ReceivedResult[]): number {
  return results.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What a recorder remembers from earlier batches. */
interface Memory {
  readonly locked: LockedScans;
  readonly limit: BatchLimit;
}

/** If a batch cannot be recorded, its results are recorded one by one, so that a bad one does not hold up the others. */
async function recordOrReturn(ctx: ScanContext, memory: Memory, received: readonly ReceivedResult[]): Promise<void> {
  let batch = received;
  try {
    batch = setAside(received, await memory.locked.among(ctx.db, scanIdsOf(received)));
    if (batch.length === 0) return;
    await record(ctx, batch);
    memory.limit.recorded();
  } catch (error) {
    if (isBlocked(error)) return recordUnlocked(ctx, memory, batch, error);
    if (error instanceof GatewayError) {
      const delayMs = memory.limit.most() === 1 ? DELAY_MS : PAUSE_MS;
      memory.limit.failed(batch.length);
      return returnToBus(ctx, batch, error, delayMs);
    }
    if (batch.length > 1) {
      for (const one of batch) await recordOrReturn(ctx, memory, [one]);
      return;
    }
    for (const one of batch) rejectOrDelay(ctx, one, error);
  }
}

/** Another session holds the locks of some scans. Their results are retried later; the others are recorded now. */
async function recordUnlocked(ctx: ScanContext, memory: Memory, batch: readonly ReceivedResult[], cause: unknown): Promise<void> {
  let scans: ReadonlySet<number>;
  try {
    scans = await findLocked(ctx.db, scanIdsOf(batch));
  } catch (error) {
    return returnToBus(ctx, batch, error);
  }
  // It was another lock, or the lock has been released.
  if (scans.size === 0) return returnToBus(ctx, batch, cause);
  ctx.log.warn({ scans: [...scans] }, "cannot record results of scans that somebody has locked; they are tried again");
  memory.locked.add(scans);
  const unlocked = setAside(batch, scans);
  if (unlocked.length > 0) await recordOrReturn(ctx, memory, unlocked);
}

/** Returns the results of locked scans to the bus for a later redelivery, and returns the remaining results. */
function setAside(batch: readonly ReceivedResult[], locked: ReadonlySet<number>): readonly ReceivedResult[] {
  for (const { delivery, result } of batch) if (locked.has(result.scanId)) delivery.nak(DELAY_MS);
  return batch.filter(({ result }) => !locked.has(result.scanId));
}

function scanIdsOf(batch: readonly ReceivedResult[]): number[] {
  return batch.map(({ result }) => result.scanId);
}

/** Rejects a result that Postgres can never store. Any other is retried later. */
function rejectOrDelay(ctx: ScanContext, { delivery, result, subject }: ReceivedResult, error: unknown): void {
  const at = { err: error, subject, scan: result.scanId };
  if (!isUnstorable(error)) {
    ctx.log.error(at, "cannot record a result; it is tried again");
    return delivery.nak(DELAY_MS);
  }
  ctx.metrics.resultsIgnored.labels("unstorable").inc();
  ctx.log.error(at, "rejected a result that Postgres cannot store");
  delivery.term();
}

/** Includes statements that are too complex for Postgres (class 54) and values that this process cannot handle. */
function isUnstorable(error: unknown): boolean {
  return isDataError(error) || isTooComplex(error) || error instanceof RangeError;
}

/** Postgres is away: returns the results to the bus and pauses before consuming more. */
async function returnToBus(
  ctx: ScanContext,
  batch: readonly ReceivedResult[],
  error: unknown,
  delayMs = PAUSE_MS,
): Promise<void> {
  ctx.log.warn({ err: error, results: batch.length }, "cannot record results now; they stay on the bus");
  for (const { delivery } of batch) delivery.nak(delayMs);
  await pause(PAUSE_MS);
}

/** After a crash anywhere in here the results are redelivered, and another recorder completes the rest. */
async function record(ctx: ScanContext, batch: readonly ReceivedResult[]): Promise<void> {
  const results = await judgeSuppressed(
    ctx.db,
    batch.map(({ result }) => result),
  );
  const { scanIds, changed, reachedStopAfter } = await retryDeadlock(() => raiseResults(ctx.db, results));
  ctx.failpoint("record.after_commit");
  if (batch.some(({ isAlone }) => !isAlone)) ctx.failpoint("record.after_commit_together");
  announce(ctx, changed);
  ctx.relay.forget(changed.flatMap(({ scanId, final }) => (final ? scanId : [])));
  if (reachedStopAfter.length > 0) await cancelRemaining(ctx, reachedStopAfter);
  ctx.bulk.releaseIfWaiting();
  if (changed.some(({ final }) => final)) ctx.verdictRuns.continueIfRunning();
  ctx.fleet.noteAnswers(
    results.filter(({ state, scanId }) => state === "DONE" && scanIds.has(scanId)).map(({ engine }) => engine),
  );
  for (const [i, result] of results.entries()) {
    // An agent may send any engine name. A label for each would fill the memory of the metrics collector.
    const isKnown = ctx.fleet.classOf(result.engine) !== undefined;
    ctx.metrics.results.labels(isKnown ? result.engine : "unknown", result.state).inc();
    batch[i]?.delivery.ack();
  }
  const unknown = results.filter(({ scanId }) => !scanIds.has(scanId)).length;
  if (unknown === 0) return;
  ctx.metrics.resultsIgnored.labels("unknown scan").inc(unknown);
  ctx.log.warn({ results: unknown }, "ignored results for scans that do not exist");
}

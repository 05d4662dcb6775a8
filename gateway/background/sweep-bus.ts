import { INTERNET_CLASSES, internetClass, type InternetClass } from "../../schema/classes.js";
import { accountName } from "../../schema/subjects.js";
import { readEngines } from "../db/engines.js";
import { lockMarks, markScans, firstNeededSeq, readClock, requeueLost } from "../db/sweep.js";
import type { RowBatches } from "../batches/row-batches.js";
import type { ScanContext } from "../scan/context.js";

/** Up to which sequence a durable had settled everything, and when. */
interface Observation {
  readonly floor: number;
  readonly at: number;
}

/** The most lost requests that are published again in one batch. */
export const LOST_BATCH = 500;
/** If two sweeps are further apart than this, in units of ack_wait, observation starts over. */
const LONGEST_GAP_ACK_WAITS = 3;

/**
 * Watches how far each durable has settled. A request that was settled 2 × ack_wait ago and still has no result is lost. After an
 * interruption (the process was stopped, Postgres was away) observation starts over, because results may still be waiting to be recorded.
 */
export function createLossWatch(ackWaitMs: number, batches: RowBatches) {
  const history = new Map<number, Observation[]>();
  let last = -Infinity;

  async function findSettled(ctx: ScanContext, accountClass: InternetClass, lastSeq: number): Promise<Map<number, number>> {
    // An engine that has never run, such as an imported one, was never sent a request and may have no durable.
    const engines = (await readEngines(ctx.db)).filter(
      (engine) => engine.lastHealthyAt !== null && internetClass(engine.internet) === accountClass,
    );
    const settled = new Map<number, number>();
    for (const { engineId, name } of engines) {
      const at = performance.now();
      const durable = await ctx.bus.account(accountClass).durableState(name);
      // The durable is lost and will be recreated within seconds. Until then nothing is known about this engine's requests.
      if (!durable) continue;
      const { ackFloor, pending, unacknowledged } = durable;
      // A durable with nothing pending or unacknowledged has settled everything published before this query.
      const floor = pending === 0 && unacknowledged === 0 ? Math.max(ackFloor, lastSeq) : ackFloor;
      const seen = (history.get(engineId) ?? []).filter((one) => one.floor <= floor);
      const old = seen.findLast((one) => at - one.at >= 2 * ackWaitMs);
      if (old) settled.set(engineId, old.floor);
      // Keeps the newest observation that is old enough, and all later ones.
      history.set(engineId, [...seen.filter((one) => one === old || !old || one.at > old.at), { floor, at }]);
    }
    return settled;
  }

  return {
    async requeue(ctx: ScanContext): Promise<void> {
      if (!ctx.bus.connected()) return void history.clear();
      const now = performance.now();
      if (now - last > LONGEST_GAP_ACK_WAITS * ackWaitMs) history.clear();
      last = now;
      for (const accountClass of INTERNET_CLASSES) {
        const asOf = await readClock(ctx.db);
        const { lastSeq, stream } = await ctx.bus.account(accountClass).scansState();
        const settledUpTo = await findSettled(ctx, accountClass, lastSeq);
        const state = { asOf, internet: accountClass === "internet", stream, lastSeq, settledUpTo };
        await batches.run(async (batch) => {
          const outboxIds = await ctx.db.transaction().execute((tx) => requeueLost(tx, state, batch));
          if (outboxIds.length === 0) return false;
          ctx.metrics.republished.inc(outboxIds.length);
          ctx.log.warn({ requests: outboxIds.length, internet: accountClass }, "publishing requests again that the bus has lost");
          for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
          // Batches are small after a failure. After a full-size batch the next sweep continues.
          return outboxIds.length === batch.limit && batch.limit < LOST_BATCH;
        });
      }
    },
  };
}

/**
 * Requests are marked in the outbox a second after they were published, so the newest are not marked yet. Sweeps of all gateways must be
 * this far apart, so that unmarked requests are newer than the previous sweep.
 */
const MARKED_AFTER_MS = 3_000;

/** Removes requests that no open scan needs, so that SCANS holds only the backlog. */
export async function purgeSettled(ctx: ScanContext, accountClass: InternetClass): Promise<void> {
  const account = ctx.bus.account(accountClass);
  await ctx.db.transaction().execute(async (tx) => {
    const marks = await lockMarks(tx, accountName(accountClass));
    if (!marks || (marks.scansAgeMs !== null && marks.scansAgeMs < MARKED_AFTER_MS)) return;
    const { lastSeq, stream } = await account.scansState();
    const needed = await firstNeededSeq(tx, accountClass === "internet", stream, marks);
    if (needed !== undefined && needed > 1 && needed <= lastSeq + 1) await account.purgeScans(needed);
    await markScans(tx, accountName(accountClass), lastSeq);
  });
}

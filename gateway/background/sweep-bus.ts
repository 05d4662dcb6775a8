import { internetClass, type InternetClass } from "../../schema/classes.js";
import { accountName } from "../../schema/subjects.js";
import { readEngines } from "../db/engines.js";
import { lockMarks, markScans, purgeBound, readClock, requeueLost } from "../db/sweep.js";
import type { ScanContext } from "../scan/context.js";

/** The floor of a durable at a time. */
interface Observation {
  readonly floor: number;
  readonly at: number;
}

const BATCH = 500;
const STABLE_SWEEPS = 3;

/**
 * Watches how far each durable has settled. A request that was settled 2 × ack_wait ago and still has no result is lost. After an
 * interruption (the process was stopped, Postgres was away) the watch starts anew, because results may be waiting to be recorded.
 */
export function createLossWatch(ackWaitMs: number) {
  const history = new Map<number, Observation[]>();
  let last = -Infinity;

  async function floors(ctx: ScanContext, internet: InternetClass, lastSeq: number): Promise<Map<number, number>> {
    // An engine that has never run, such as an imported one, was never asked, and may have no durable.
    const engines = (await readEngines(ctx.db)).filter(
      (engine) => engine.lastHealthyAt !== null && internetClass(engine.internet) === internet,
    );
    const settled = new Map<number, number>();
    for (const { engineId, name } of engines) {
      const at = performance.now();
      const { ackFloor, pending, unacknowledged } = await ctx.bus.account(internet).durableState(name);
      // A durable with nothing pending or unacknowledged has settled everything that was published before it was asked.
      const floor = pending === 0 && unacknowledged === 0 ? Math.max(ackFloor, lastSeq) : ackFloor;
      const seen = (history.get(engineId) ?? []).filter((one) => one.floor <= floor);
      const old = seen.findLast((one) => at - one.at >= 2 * ackWaitMs);
      if (old) settled.set(engineId, old.floor);
      history.set(engineId, [...seen.filter((one) => one === old || !old || one.at > old.at), { floor, at }]);
    }
    return settled;
  }

  return {
    async requeue(ctx: ScanContext): Promise<void> {
      if (!ctx.bus.connected()) return void history.clear();
      const now = performance.now();
      if (now - last > STABLE_SWEEPS * ackWaitMs) history.clear();
      last = now;
      for (const internet of ["isolated", "internet"] as const) {
        const asOf = await readClock(ctx.db);
        const { lastSeq, stream } = await ctx.bus.account(internet).scansState();
        const marks = { asOf, internet: internet === "internet", stream, lastSeq, floors: await floors(ctx, internet, lastSeq) };
        const outboxIds = await ctx.db.transaction().execute((tx) => requeueLost(tx, marks, BATCH));
        if (outboxIds.length === 0) continue;
        ctx.metrics.republished.inc(outboxIds.length);
        ctx.log.warn({ requests: outboxIds.length, internet }, "publishing requests again that the bus has lost");
        for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
      }
    },
  };
}

/** Removes requests that no open scan needs, so that SCANS holds only the backlog. */
export async function purgeSettled(ctx: ScanContext, internet: InternetClass): Promise<void> {
  const account = ctx.bus.account(internet);
  await ctx.db.transaction().execute(async (tx) => {
    const marks = await lockMarks(tx, accountName(internet));
    if (!marks) return;
    const { lastSeq, stream } = await account.scansState();
    const bound = await purgeBound(tx, internet === "internet", stream, marks);
    if (bound !== undefined && bound > 1 && bound <= lastSeq + 1) await account.purgeScans(bound);
    await markScans(tx, accountName(internet), lastSeq);
  });
}

import { internetClass } from "../../schema/classes.js";
import { deleteRemovals, lockRemovals, type Removal } from "../db/removals.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

const OVERDUE_MS = 500;
const BATCH = 100;

/** Deletes from the bus what a transaction has just withdrawn. What fails is left to the sweep, here or in another gateway. */
export async function removeFromBus(ctx: ScanContext, removals: readonly number[]): Promise<void> {
  if (removals.length === 0) return;
  ctx.failpoint("removals.before");
  try {
    await removeSome(ctx, removals);
  } catch (error) {
    ctx.log.warn({ err: error, removals }, "messages that were withdrawn stay on the bus for now");
  }
}

/** Deletes what is left of earlier removals, such as a killed gateway's. */
export async function removeOverdue(ctx: ScanContext): Promise<void> {
  if (!ctx.bus.connected() || !ctx.samples.connected()) return;
  while ((await removeSome(ctx, { olderThanMs: OVERDUE_MS })) === BATCH);
}

/** How many were removed. */
async function removeSome(ctx: ScanContext, which: Parameters<typeof lockRemovals>[1]): Promise<number> {
  return ctx.db.transaction().execute(async (tx) => {
    const gone: number[] = [];
    for (const removal of await lockRemovals(tx, which, BATCH)) if (await remove(ctx, removal)) gone.push(removal.id);
    await deleteRemovals(tx, gone);
    return gone.length;
  });
}

/** Whether it is done. One that cannot be done does not keep the others from it. */
async function remove(ctx: ScanContext, { id, internet, what }: Removal): Promise<boolean> {
  const account = internetClass(internet);
  try {
    if ("copy" in what) await ctx.samples.removeCopy(account, what.copy);
    else await ctx.bus.account(account).removeRequests(what.stream, what.requests);
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAVAILABLE") throw error;
    ctx.log.warn({ err: error, removal: id }, "messages that were withdrawn stay on the bus for now");
    return false;
  }
}

import { internetClass } from "../../schema/classes.js";
import { deleteRemovals, lockRemovals, type Removal } from "../db/removals.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

/** How long the gateway that committed removals has to do them, before the sweep of any gateway does. */
const OVERDUE_MS = 500;
const BATCH = 100;

/** Removes what a transaction has withdrawn from the bus. If it fails, the sweep of any gateway does it. */
export async function removeFromBus(ctx: ScanContext, removals: readonly number[]): Promise<void> {
  if (removals.length === 0) return;
  ctx.failpoint("removals.before");
  try {
    await doRemovals(ctx, removals);
  } catch (error) {
    ctx.log.warn({ err: error, removals }, "cannot remove withdrawn messages from the bus now; the sweep will");
  }
}

/** Does removals that were left over, for example by a gateway that was killed. */
export async function removeOverdue(ctx: ScanContext): Promise<void> {
  if (!ctx.bus.connected() || !ctx.samples.connected()) return;
  while ((await doRemovals(ctx, { olderThanMs: OVERDUE_MS })) === BATCH);
}

/** Returns how many removals were done. */
async function doRemovals(ctx: ScanContext, which: Parameters<typeof lockRemovals>[1]): Promise<number> {
  return ctx.db.transaction().execute(async (tx) => {
    const gone: number[] = [];
    for (const removal of await lockRemovals(tx, which, BATCH)) if (await remove(ctx, removal)) gone.push(removal.id);
    await deleteRemovals(tx, gone);
    return gone.length;
  });
}

/** Returns whether it succeeded. A failed removal does not stop the others. */
async function remove(ctx: ScanContext, { id, internet, what }: Removal): Promise<boolean> {
  const account = internetClass(internet);
  try {
    if ("copy" in what) await ctx.samples.removeCopy(account, what.copy);
    else await ctx.bus.account(account).removeRequests(what.stream, what.requests);
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAVAILABLE") throw error;
    ctx.log.warn({ err: error, removal: id }, "cannot remove withdrawn messages from the bus now; the sweep will");
    return false;
  }
}

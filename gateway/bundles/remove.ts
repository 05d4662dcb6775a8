import { internetClass } from "../../schema/classes.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { findBundle, isBundleNeeded, lockBundles, markRemoved, type BundleRecord } from "../db/bundles.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { removeUnusedFiles } from "./retain.js";

/** Removes a bundle's files; what is known of it stays. Throws NOT_FOUND, and BAD_INPUT while a host is to serve it. */
export async function removeBundle(ctx: ScanContext, caller: Caller, id: number): Promise<BundleRecord> {
  const removed = await ctx.db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    const bundle = await findBundle(tx, { id });
    if (!bundle) throw new GatewayError("NOT_FOUND", `there is no bundle ${id}`);
    if (bundle.removedAt !== null) return bundle;
    if (await isBundleNeeded(tx, id))
      throw badInput(
        "id",
        `bundle ${bundle.sequence} of ${bundle.engine} ${bundle.set} is served, or is to be: update its hosts to another one first`,
      );
    await markRemoved(tx, id);
    await audit(tx, caller, "removeBundle", `${bundle.engine} ${bundle.set} ${bundle.sequence}`, { digest: bundle.digest });
    return (await findBundle(tx, { id })) ?? bundle;
  });
  await removeUnusedFiles(ctx, internetClass(removed.internet)).catch((error: unknown) =>
    ctx.log.warn({ err: error }, "cannot remove the files of a bundle now; the sweep will"),
  );
  return removed;
}

import { lockUpdates, readOpenUpdate } from "../db/engine-updates.js";
import { readChoices, type UpdateChoice } from "../db/update-choice.js";
import type { UpdateContext } from "./context.js";
import { planUpdate } from "./plan-update.js";

/**
 * Begins updates to bundles that fetchers brought. A newer bundle replaces an automatic update that waits or is held, but never an update
 * that somebody asked for.
 */
export async function updateFetched({ db, log }: Pick<UpdateContext, "db" | "log">): Promise<void> {
  for (const choice of (await readChoices(db)).filter(startsByItself)) {
    try {
      await beginFetched(db, choice);
    } catch (error) {
      log.warn({ err: error, engine: choice.engine, set: choice.set }, "a fetched update does not begin; it is tried again");
    }
  }
}

/** Whether an update to this bundle starts without anybody asking. */
function startsByItself({ bundleId, baseId, fetched, automatic, wasRolledBack, wasPassedOver }: UpdateChoice): boolean {
  return fetched && automatic && !wasRolledBack && !wasPassedOver && bundleId !== baseId;
}

async function beginFetched(db: UpdateContext["db"], { engineId, set, bundleId }: UpdateChoice): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockUpdates(tx, engineId);
    const open = await readOpenUpdate(tx, engineId, set);
    if (
      open &&
      (open.cause !== "FETCHED" || open.toBundle?.id === bundleId || open.state === "ROLLING" || open.state === "CANARY")
    )
      return;
    const still = (await readChoices(tx, engineId)).find((one) => one.set === set);
    if (still?.bundleId !== bundleId || !startsByItself(still)) return;
    await planUpdate(tx, { engineId, set, bundleId, cause: "FETCHED", skipCanary: false });
  });
}

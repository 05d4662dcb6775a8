import { readOpenUpdates, lockUpdates } from "../db/engine-updates.js";
import { readChoices } from "../db/update-choice.js";
import type { UpdateContext } from "./context.js";
import { planUpdate } from "./plan-update.js";

/**
 * Begins updates to what fetchers have brought. A newer bundle takes the place of one that waits or is held; an update that somebody asked
 * for waits undisturbed.
 */
export async function updateFetched({ db }: Pick<UpdateContext, "db">): Promise<void> {
  for (const choice of await readChoices(db)) {
    const { engineId, set, bundleId, baseId, fetched, automatic, wasRolledBack } = choice;
    if (!fetched || !automatic || wasRolledBack || bundleId === baseId) continue;
    await db.transaction().execute(async (tx) => {
      await lockUpdates(tx, engineId);
      const open = (await readOpenUpdates(tx)).find((one) => one.engineId === engineId && one.set === set);
      if (
        open &&
        (open.cause !== "FETCHED" || open.toBundle?.id === bundleId || open.state === "ROLLING" || open.state === "CANARY")
      )
        return;
      const still = (await readChoices(tx, engineId)).find((one) => one.set === set);
      if (still?.bundleId !== bundleId || still.baseId === bundleId || still.wasRolledBack) return;
      await planUpdate(tx, { engineId, set, bundleId, cause: "FETCHED", skipCanary: false });
    });
  }
}

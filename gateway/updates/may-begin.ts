import type { Tx } from "../db/database.js";
import type { UpdateRecord } from "../db/engine-updates.js";
import { readUpdateLeave } from "../db/update-policies.js";

/** Whether an update may begin now: a rollback may always, what was fetched in its window alone, and not while that is off. */
export async function mayBegin(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<boolean> {
  if (cause === "ROLLBACK") return true;
  const { automatic, isPaused, isInWindow } = await readUpdateLeave(tx, engineId, set);
  return !isPaused && (cause === "ASKED" || (automatic && isInWindow));
}

/** Whether further hosts may follow in one that has begun. */
export async function mayGoOn(tx: Tx, { engineId, set, cause }: UpdateRecord): Promise<boolean> {
  return cause === "ROLLBACK" || !(await readUpdateLeave(tx, engineId, set)).isPaused;
}

import type { Tx } from "../db/database.js";
import { changeUpdate, type Evidence, type UpdateRecord, type Waits } from "../db/engine-updates.js";

/** Writes down what an update waits for, if that has changed, together with the canary's figures so far. */
export async function noteWaits(tx: Tx, update: UpdateRecord, waits: Waits | null, evidence?: Evidence): Promise<void> {
  if (update.waitsFor === (waits?.for ?? null) && update.waitsUntil?.getTime() === waits?.until?.getTime()) return;
  await changeUpdate(tx, update.id, { waits, ...(evidence && { evidence }) });
}

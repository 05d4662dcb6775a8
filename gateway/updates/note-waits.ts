import type { Tx } from "../db/database.js";
import { changeUpdate, type Evidence, type UpdateRecord, type Waits } from "../db/engine-updates.js";

/** Notes what an update waits for, if that is something else than before, and what its canary did meanwhile. */
export async function noteWaits(tx: Tx, update: UpdateRecord, waits: Waits | null, evidence?: Evidence): Promise<void> {
  if (update.waitsFor === (waits?.for ?? null) && update.waitsUntil?.getTime() === waits?.until?.getTime()) return;
  await changeUpdate(tx, update.id, { waits, ...(evidence && { evidence }) });
}

import { OPTION_LIMITS } from "../../schema/scan-options.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { deleteBatch, insertBatch, readBatchTotal } from "../db/batches.js";
import { transact } from "../db/database.js";
import { claimKey } from "../db/idempotency.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { hashInput, ownedKey, replayOf } from "./idempotency.js";
import { checkOptions } from "./scan-input.js";

/** Creates an empty batch, which `submitScans` fills. Throws BAD_INPUT, IDEMPOTENCY_CONFLICT or UNAVAILABLE. */
export async function createBatch(
  ctx: ScanContext,
  caller: Caller,
  idempotencyKey?: string,
): Promise<{ batchId: number; replayed: boolean }> {
  checkOptions({ idempotencyKey });
  const inputHash = hashInput({ kind: "createBatch", options: {}, samples: [] });
  return transact(ctx.db, async (tx) => {
    const batchId = await insertBatch(tx);
    if (idempotencyKey !== undefined) {
      const earlier = replayOf(await claimKey(tx, ownedKey(caller, idempotencyKey), inputHash, { batchId }), inputHash);
      if (earlier instanceof GatewayError) throw earlier;
      if (earlier.batchId !== null && earlier.batchId !== batchId) {
        await deleteBatch(tx, batchId);
        return { batchId: earlier.batchId, replayed: true };
      }
    }
    await audit(tx, caller, "createBatch", String(batchId));
    return { batchId, replayed: false };
  });
}

/** Throws BAD_INPUT if the batch has no room for this many more scans. */
export async function checkRoom(ctx: ScanContext, batchId: number, more: number): Promise<void> {
  const total = await readBatchTotal(ctx.db, batchId);
  const field = ["batch"];
  if (total === undefined) throw new GatewayError("BAD_INPUT", `there is no batch ${batchId}`, { field });
  const most = OPTION_LIMITS.batchTotal;
  if (total + more > most)
    throw new GatewayError("BAD_INPUT", `the batch ${batchId} has ${total} scans; ${most} is the most`, { field });
}

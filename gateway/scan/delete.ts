import { SHA256 } from "../../schema/hashes.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact, type Tx } from "../db/database.js";
import { deleteSampleRow, deleteScans, lockSample, lockScansOf } from "../db/delete.js";
import { openResults, withdrawRequests } from "../db/withdraw.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { lockScan, finishWithdrawals, type Withdrawal } from "./withdraw.js";

/** What a transaction has deleted. {@link finishDeletion} completes it after the commit. */
interface Deletion extends Omit<Withdrawal, "changed"> {
  /** The deleted scans with their last revisions. */
  readonly scans: readonly (readonly [scanId: number, revision: number])[];
}

/** Deletes a scan with its results, and withdraws it if it is open. Throws NOT_FOUND. */
export async function deleteScan(ctx: ScanContext, caller: Caller, scanId: number): Promise<void> {
  const deleted = await transact(ctx.db, async (tx) => {
    await lockScan(tx, scanId);
    await audit(tx, caller, "deleteScan", String(scanId));
    return deleteLocked(tx, [scanId]);
  });
  await finishDeletion(ctx, deleted);
}

/**
 * Deletes a sample with all its scans, in one transaction. Its bytes are removed after the commit, by this gateway or by any sweep. Returns
 * the number of its scans. Throws BAD_INPUT or NOT_FOUND.
 */
export async function deleteSample(ctx: ScanContext, caller: Caller, hash: string): Promise<number> {
  const sha256 = hash.toLowerCase();
  if (!SHA256.test(sha256)) throw new GatewayError("BAD_INPUT", "the sha256 must be 64 hex digits");
  const { copies, ...deleted } = await transact(ctx.db, async (tx) => {
    const sampleId = await lockSample(tx, sha256);
    if (sampleId === undefined) throw new GatewayError("NOT_FOUND", `there is no sample ${sha256}`);
    const scans = await deleteLocked(tx, await lockScansOf(tx, sampleId));
    await audit(tx, caller, "deleteSample", sha256, { scans: scans.scanIds.length });
    return { ...scans, copies: await deleteSampleRow(tx, sampleId) };
  });
  await finishDeletion(ctx, { ...deleted, removals: [...deleted.removals, ...copies] });
  return deleted.scanIds.length;
}

async function deleteLocked(tx: Tx, scanIds: readonly number[]): Promise<Deletion> {
  const open = await openResults(tx, scanIds);
  const removals = await withdrawRequests(tx, scanIds);
  const engines = new Set(open.map(({ engine }) => engine));
  return { scanIds, engines, removals, scans: await deleteScans(tx, scanIds) };
}

/** The hint makes watchers read a deleted scan again and find that it is gone. */
async function finishDeletion(ctx: ScanContext, { scans, ...withdrawn }: Deletion): Promise<void> {
  ctx.bus.sendHints(scans.map(([scanId, revision]) => [scanId, revision + 1]));
  await finishWithdrawals(ctx, [{ ...withdrawn, changed: [] }]);
}

import type { BatchRecord, ScanReport } from "../../schema/reports.js";
import type { ScanContext } from "../scan/context.js";
import type { Live } from "./live.js";

/**
 * A scan as it is now, then each newer revision, until it is final. A slow reader gets the newest one, not a queue of them.
 * The first `next()` throws NOT_FOUND if there is no such scan.
 */
export function watchScan(ctx: ScanContext, scanId: number): Live<ScanReport> {
  return ctx.watchers.scans.watch(scanId);
}

/** A batch as it is now, then each newer revision, until its last scan is final. NOT_FOUND as above. */
export function watchBatch(ctx: ScanContext, batchId: number): Live<BatchRecord> {
  return ctx.watchers.batches.watch(batchId);
}

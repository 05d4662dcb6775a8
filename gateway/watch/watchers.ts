import type { Logger } from "pino";
import type { BatchRecord, ScanReport } from "../../schema/reports.js";
import type { Hint } from "../bus/bus.js";
import { readBatch } from "../db/batches.js";
import type { Database } from "../db/database.js";
import { readRevisions, readScan } from "../db/scans.js";
import { createChannels, type Channels } from "./channels.js";

/** The scans and batches that are watched on this gateway. */
export interface Watchers {
  readonly scans: Channels<ScanReport>;
  readonly batches: Channels<BatchRecord>;
  /** Takes hints of changed scans from the bus, or of this gateway itself. */
  notify(hints: readonly Hint[]): void;
  /** Asks Postgres for changes whose hints may have been lost. */
  resync(): Promise<void>;
}

export function createWatchers(db: Database, log: Logger): Watchers {
  const scans = createChannels<ScanReport>(log, {
    name: "scan",
    read: (scanId) => readScan(db, scanId),
    isLast: ({ endDate }) => endDate !== null,
  });
  const batches = createChannels<BatchRecord>(log, {
    name: "batch",
    read: (batchId) => readBatch(db, batchId),
    isLast: ({ open }) => open === 0,
  });
  return {
    scans,
    batches,
    notify(hints) {
      for (const [scanId, revision] of hints) scans.notify(scanId, revision);
      if (batches.count() === 0) return;
      const changed = new Set(hints.map(([scanId]) => scanId));
      batches.invalidateWhere(({ scanIds }) => scanIds.some((scanId) => changed.has(scanId)));
    },
    async resync() {
      batches.invalidateWhere(() => true);
      const watched = scans.keys();
      if (watched.length === 0) return;
      const revisions = new Map(await readRevisions(db, watched));
      for (const scanId of watched) {
        const revision = revisions.get(scanId);
        if (revision === undefined) scans.invalidate(scanId);
        else scans.notify(scanId, revision);
      }
    },
  };
}

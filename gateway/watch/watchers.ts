import type { Logger } from "pino";
import type { BatchRecord, ScanReport } from "../../schema/reports.js";
import type { Hint } from "../bus/bus.js";
import type { Database } from "../db/database.js";
import { readBatch } from "../db/batches.js";
import { readRevisions, readScan } from "../db/scans.js";
import { createTopics, type Topics } from "./channels.js";

/** Who on this gateway watches which scan and which batch. */
export interface Watchers {
  readonly scans: Topics<ScanReport>;
  readonly batches: Topics<BatchRecord>;
  hint(hints: readonly Hint[]): void;
  /** Asks Postgres for what hints may have been lost. */
  resync(): Promise<void>;
}

export function createWatchers(db: Database, log: Logger): Watchers {
  const scans = createTopics<ScanReport>(log, {
    name: "scan",
    read: (scanId) => readScan(db, scanId),
    isLast: ({ endDate }) => endDate !== null,
  });
  const batches = createTopics<BatchRecord>(log, {
    name: "batch",
    read: (batchId) => readBatch(db, batchId),
    isLast: ({ open }) => open === 0,
  });
  return {
    scans,
    batches,
    hint(hints) {
      for (const [scanId, revision] of hints) scans.hear(scanId, revision);
      if (batches.count() === 0) return;
      const changed = new Set(hints.map(([scanId]) => scanId));
      batches.touchAll(({ scanIds }) => scanIds.some((scanId) => changed.has(scanId)));
    },
    async resync() {
      batches.touchAll(() => true);
      const watched = scans.keys();
      if (watched.length === 0) return;
      const revisions = new Map(await readRevisions(db, watched));
      for (const scanId of watched) {
        const revision = revisions.get(scanId);
        if (revision === undefined) scans.touch(scanId);
        else scans.hear(scanId, revision);
      }
    },
  };
}

import type { Logger } from "pino";
import type { BatchRecord, BriefReport, ScanReport } from "../../schema/reports.js";
import { batched } from "../batches/batch.js";
import type { Hint } from "../bus/bus.js";
import { readBatch } from "../db/batches.js";
import type { Database } from "../db/database.js";
import { readBriefScans, readRevisions, readScan } from "../db/scans.js";
import { createChannels, type Channels } from "./channels.js";

/** The watched scans. */
export interface ScanChannels extends Channels<ScanReport> {
  /** The same without the results' details, for subscribers that do not select them. */
  readonly watchBrief: Channels<BriefReport>["watch"];
}

/** The scans and batches watched on this gateway. */
export interface Watchers {
  readonly scans: ScanChannels;
  readonly batches: Channels<BatchRecord>;
  /** Takes hints about changed scans, from the bus or from this gateway. */
  notify(hints: readonly Hint[]): void;
  /** Asks Postgres for changes whose hints may have been lost. */
  resync(): Promise<void>;
}

export function createWatchers(db: Database, log: Logger): Watchers {
  const scans = createScanChannels(db, log);
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

const READ_TOGETHER = { size: 100, parallel: 2 };

function createScanChannels(db: Database, log: Logger): ScanChannels {
  const isLast = ({ endDate }: BriefReport) => endDate !== null;
  const full = createChannels<ScanReport>(log, { name: "scan", read: (scanId) => readScan(db, scanId), isLast });
  // Reads are batched, because scans change together: results are recorded in batches.
  const read = batched((scanIds: number[]) => readBriefScans(db, scanIds), READ_TOGETHER);
  const brief = createChannels<BriefReport>(log, { name: "scan", read, isLast });
  return {
    watch: full.watch,
    watchBrief: brief.watch,
    notify(scanId, revision) {
      full.notify(scanId, revision);
      brief.notify(scanId, revision);
    },
    invalidate(scanId) {
      full.invalidate(scanId);
      brief.invalidate(scanId);
    },
    invalidateWhere(matches) {
      full.invalidateWhere(matches);
      for (const scanId of brief.keys()) brief.invalidate(scanId);
    },
    keys: () => [...new Set([...full.keys(), ...brief.keys()])],
    count: () => full.count() + brief.count(),
  };
}

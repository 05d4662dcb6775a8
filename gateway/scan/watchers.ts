import type { ScanReport } from "../../schema/reports.js";
import type { Hint } from "../bus.js";
import type { Database } from "../db/database.js";
import { readRevisions, readScan } from "../db/scans.js";

/** Who on this gateway waits for changes of which scan. */
export interface Watchers {
  /** Calls `wake` with each revision that is heard of, until the returned function is called. */
  add(scanId: number, wake: (revision: number) => void): () => void;
  hint(hints: readonly Hint[]): void;
  /** Asks Postgres for what hints may have been lost. */
  resync(db: Database): Promise<void>;
  /** Reads a scan; those who ask for the same one at the same time share the answer. */
  read(db: Database, scanId: number): Promise<ScanReport | undefined>;
  count(): number;
}

export function createWatchers(): Watchers {
  const byScan = new Map<number, Set<(revision: number) => void>>();
  const reading = new Map<number, Promise<ScanReport | undefined>>();

  function hint(hints: readonly Hint[]): void {
    for (const [scanId, revision] of hints) for (const wake of byScan.get(scanId) ?? []) wake(revision);
  }

  return {
    hint,
    add(scanId, wake) {
      const wakes = byScan.get(scanId) ?? new Set();
      byScan.set(scanId, wakes.add(wake));
      return () => {
        wakes.delete(wake);
        if (wakes.size === 0 && byScan.get(scanId) === wakes) byScan.delete(scanId);
      };
    },
    async resync(db) {
      if (byScan.size > 0) hint(await readRevisions(db, [...byScan.keys()]));
    },
    read(db, scanId) {
      const shared = reading.get(scanId) ?? readScan(db, scanId).finally(() => reading.delete(scanId));
      reading.set(scanId, shared);
      return shared;
    },
    count: () => [...byScan.values()].reduce((sum, wakes) => sum + wakes.size, 0),
  };
}

import type { Database } from "../db/database.js";
import { findLocked } from "../db/results.js";

/**
 * Scans that were found locked by another session. Recording a result of such a scan waits for the lock until Postgres gives up, and so
 * does the rest of the statement. So the next batch first checks whether the lock is free.
 */
export interface LockedScans {
  add(scanIds: Iterable<number>): void;
  /** Which of these scans are still locked. */
  among(db: Database, scanIds: readonly number[]): Promise<ReadonlySet<number>>;
}

export function createLockedScans(): LockedScans {
  const known = new Set<number>();
  return {
    add(scanIds) {
      for (const scanId of scanIds) known.add(scanId);
    },
    async among(db, scanIds) {
      const suspects = scanIds.filter((scanId) => known.has(scanId));
      if (suspects.length === 0) return new Set();
      const locked = await findLocked(db, suspects);
      for (const scanId of suspects) if (!locked.has(scanId)) known.delete(scanId);
      return locked;
    },
  };
}

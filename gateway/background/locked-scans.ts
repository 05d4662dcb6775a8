import type { Database } from "../db/database.js";
import { findLocked } from "../db/results.js";

/**
 * The scans of which somebody was found to hold the locks. What is recorded of one waits for its lock as long as Postgres lets it, and
 * with it all that is recorded in the same statement: so before the next time it is asked whether the lock is free.
 */
export interface LockedScans {
  add(scanIds: Iterable<number>): void;
  /** Those of these scans that are still locked. */
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

import type { Logger } from "pino";
import { createValueWatch, type ListWatch } from "./list-watch.js";

/** What subscribers on this gateway watch of the mesh as a whole. */
export interface MeshWatches<Readiness, System> {
  readonly readiness: ListWatch<Readiness>;
  readonly system: ListWatch<System>;
}

/** Disk and stream usage changes all the time, and counting has a cost. */
const SYSTEM_EVERY_MS = 5_000;

export function createMeshWatches<Readiness, System>(
  readers: { readiness(): Promise<Readiness>; system(): Promise<System> },
  log: Logger,
): MeshWatches<Readiness, System> {
  return {
    readiness: createValueWatch(log, { name: "whether this gateway can serve", read: readers.readiness }),
    system: createValueWatch(log, { name: "the parts of the mesh", read: readers.system, everyMs: SYSTEM_EVERY_MS }),
  };
}

import { randomUUID } from "node:crypto";
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { hasCode } from "../contract.js";
import { ownerFile } from "./spool.js";

const LOOK_MS = 600_000;
/** How often a running agent touches its folder between two looks. */
const TOUCHES = 10;

/** Removes the spool folders of killed agents that are not started again under their id. */
export interface SpoolOrphans {
  stop(): void;
}

/**
 * Touches this agent's folder regularly and looks at the folders beside it. One that nobody touched between two looks is an
 * orphan. Times of files are only compared for equality, so neither a suspended host nor a wrong clock makes an orphan.
 */
export function watchSpoolOrphans(folder: string, log: Logger, lookMs = LOOK_MS): SpoolOrphans {
  let before = new Map<string, number>();

  async function touch(): Promise<void> {
    const now = new Date();
    await utimes(ownerFile(folder), now, now);
  }

  async function look(): Promise<void> {
    const seen = new Map<string, number>();
    for (const name of await readdir(dirname(folder))) {
      const other = join(dirname(folder), name);
      const touched = other === folder ? undefined : await touchedAt(other);
      if (touched === undefined) continue;
      if (before.get(other) === touched) await remove(other);
      else seen.set(other, touched);
    }
    before = seen;
  }

  async function remove(other: string): Promise<void> {
    // Renamed first, so that it cannot be confused with the folder of an agent that is started again.
    const orphan = `${other}.${randomUUID()}`;
    await rename(other, orphan);
    await rm(orphan, { recursive: true, force: true });
    log.info({ folder: other }, "Removed the spool folder that a killed agent left");
  }

  const logged = (what: string, work: () => Promise<void>) => () =>
    void work().catch((error: unknown) => log.warn({ err: error }, what));
  const timers = [
    setInterval(logged("Cannot touch the spool folder", touch), lookMs / TOUCHES),
    setInterval(logged("Cannot remove the spool folders of killed agents", look), lookMs),
  ];
  for (const timer of timers) timer.unref();
  return { stop: () => timers.forEach((timer) => clearInterval(timer)) };
}

/** When an agent last touched its folder; undefined if it is not an agent's, or another user's. */
async function touchedAt(folder: string): Promise<number | undefined> {
  try {
    return (await stat(ownerFile(folder))).mtimeMs;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}

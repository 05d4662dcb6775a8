import { randomUUID } from "node:crypto";
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { hasCode } from "../contract.js";
import { ownerFile } from "./spool.js";

const LOOK_MS = 600_000;
/** A living agent shows itself so many times between two looks. */
const TOUCHES = 10;

/** Removes the spool folders of killed agents that do not come back under their id. */
export interface SpoolOrphans {
  stop(): void;
}

/**
 * Shows by touching this agent's folder that it lives, and looks at the folders beside it. One that was not touched from one look
 * to the next is nobody's. Only this process's own clock counts, so a host that was asleep, or has another time, misleads nobody.
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
    // From now on it cannot be mistaken for the folder of an agent that does come back.
    const stray = `${other}.${randomUUID()}`;
    await rename(other, stray);
    await rm(stray, { recursive: true, force: true });
    log.info({ folder: other }, "removed the spool folder that a killed agent left");
  }

  const logged = (what: string, work: () => Promise<void>) => () =>
    void work().catch((error: unknown) => log.warn({ err: error }, what));
  const timers = [
    setInterval(logged("the spool folder cannot be touched", touch), lookMs / TOUCHES),
    setInterval(logged("spool folders that were left cannot be removed", look), lookMs),
  ];
  for (const timer of timers) timer.unref();
  return { stop: () => timers.forEach((timer) => clearInterval(timer)) };
}

/** When an agent last touched its folder; undefined if it is no agent's, or another user's. */
async function touchedAt(folder: string): Promise<number | undefined> {
  try {
    return (await stat(ownerFile(folder))).mtimeMs;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}

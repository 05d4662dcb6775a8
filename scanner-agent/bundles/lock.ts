import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode } from "../contract.js";

const TOUCH_MS = 1_000;
const LOCK_LOOK_MS = 200;
/** A lock that nobody has touched for so long is a killed agent's. */
const STALE_MS = 15_000;

/** How a lock is held. */
export interface LockOptions {
  readonly signal: AbortSignal;
  /** Told once if somebody else holds it. */
  readonly onWait?: (() => void) | undefined;
  readonly staleMs?: number | undefined;
}

/**
 * Does `work` while no other agent of this host does anything under the same lock: a file, which whoever holds it touches all the time.
 * Agents in containers do not see each other's processes, so a lock is stale when its time has not changed for a while; that time is
 * compared with nobody's clock. Throws the signal's reason.
 */
export async function withLock<T>(file: string, { signal, onWait, staleMs }: LockOptions, work: () => Promise<T>): Promise<T> {
  const own = randomUUID();
  await take(file, own, { signal, onWait, staleMs });
  let problem: unknown;
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch((error: unknown) => {
      // Whoever took it over finds out by itself.
      if (!hasCode(error, "ENOENT")) problem = error;
    });
  }, TOUCH_MS);
  try {
    const done = await work();
    // Others may have taken the lock for a killed agent's meanwhile.
    if (problem !== undefined) throw new Error("a lock could not be held while bundles were changed", { cause: problem });
    return done;
  } finally {
    clearInterval(touching);
    if ((await readIfThere(file)) === own) await rm(file, { force: true });
  }
}

async function take(file: string, own: string, { signal, onWait, staleMs = STALE_MS }: LockOptions): Promise<void> {
  let seen: { readonly touched: number; readonly at: number } | undefined;
  for (let isTold = false; !(await claim(file, own)); await pause(LOCK_LOOK_MS, undefined, { signal })) {
    signal.throwIfAborted();
    if (!isTold) onWait?.();
    isTold = true;
    const touched = await touchedAt(file);
    if (touched === undefined) continue;
    if (seen?.touched !== touched) seen = { touched, at: performance.now() };
    else if (performance.now() - seen.at > staleMs) await breakLock(file, touched);
  }
}

/** Whether the lock was free. */
async function claim(file: string, own: string): Promise<boolean> {
  try {
    await writeFile(file, own, { flag: "wx" });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Another that waits may have broken it just now and have it: then it is given back. */
async function breakLock(file: string, touched: number): Promise<void> {
  const broken = `${file}.${randomUUID()}`;
  try {
    await rename(file, broken);
    if ((await touchedAt(broken)) !== touched) await giveBack(broken, file);
    await rm(broken, { force: true });
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

async function giveBack(broken: string, file: string): Promise<void> {
  try {
    await link(broken, file);
  } catch (error) {
    // A third one has it by now.
    if (!hasCode(error, "EEXIST")) throw error;
  }
}

async function touchedAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

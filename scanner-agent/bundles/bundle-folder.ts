/** The folder of a host's bundles: who can write to it decides what engines take for signatures. */

import type { Stats } from "node:fs";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../contract.js";
import { BundleError } from "./bundle-error.js";

/** What ClamAV's user and containers read is no secret. */
const MODE = 0o755;
const WRITABLE_BY_OTHERS = 0o022;

/** Makes the folder and its parts. Throws {@link BundleError} if somebody else can change what is in it. */
export async function makeOwn(folder: string, parts: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: MODE });
  await requireOwn(folder, parts);
  for (const one of [folder, ...parts.map((part) => join(folder, part))]) {
    await mkdir(one, { recursive: true, mode: MODE });
    await chmod(one, MODE);
  }
}

/** Throws {@link BundleError} if somebody else can change what is in a folder or its parts. What is not there is nobody's. */
export async function requireOwn(folder: string, parts: readonly string[]): Promise<void> {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (const one of [folder, ...parts.map((part) => join(folder, part))]) {
    const stats = await statIfThere(one);
    const why = stats && foreignTo(uid, stats);
    if (why === undefined) continue;
    throw new BundleError(
      `${one} ${why}, so nothing in it is used: remove it, or set SCANMESH_BUNDLES to a folder of the agent's own`,
    );
  }
}

/** Root could change everything anyway. */
function foreignTo(uid: number, stats: Stats): string | undefined {
  if (!stats.isDirectory()) return "is a link or a file, not a folder";
  if (stats.uid !== uid && stats.uid !== 0) return `belongs to another user (${stats.uid})`;
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return `can be written by other users (mode ${(stats.mode & 0o7777).toString(8)})`;
  return undefined;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

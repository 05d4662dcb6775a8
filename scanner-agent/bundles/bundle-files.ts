import { constants, statfsSync } from "node:fs";
import { access, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BundleManifest, type BundleFile } from "../../schema/bundle.js";
import { parseMessage } from "../../schema/messages.js";
import { sizeText } from "../../schema/settings.js";
import { hasCode, reasonOf } from "../contract.js";
import { BundleError } from "./bundle-error.js";
import { imageFileOf, type KnownBundle } from "./provision.js";

/** Space that must stay free on a disk. */
const RESERVE_BYTES = 64 * 1024 ** 2;

/** The files that must be here, each once. */
export function wantedFiles(known: readonly KnownBundle[], hasImage: boolean): (BundleFile & { readonly date: string | null })[] {
  const all = known.flatMap(({ manifest }) =>
    manifest.files
      .filter((file) => !hasImage || file !== imageFileOf(manifest))
      .map((file) => ({ ...file, date: manifest.date })),
  );
  return [...new Map(all.map((file) => [file.sha256, file])).values()];
}

/** Throws {@link BundleError}. */
export function parseManifest(bytes: Uint8Array, digest: string): BundleManifest {
  try {
    return parseMessage(BundleManifest, bytes);
  } catch (cause) {
    throw new BundleError(`the manifest of the bundle ${digest} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** None of a folder that is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Undefined: there is no such file. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Leaves of a folder only what has these names. */
export async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Throws {@link BundleError}. */
export async function requireThere(folder: string): Promise<void> {
  try {
    await access(folder, constants.R_OK | constants.X_OK);
  } catch (cause) {
    throw new BundleError(`the folder of its bundles is gone (${reasonOf(cause)})`, { cause });
  }
}

/** How much is missing, how much there may be, and what is free for it. */
interface Room {
  readonly folder: string;
  readonly missing: number;
  readonly used: number;
  readonly limit: number;
  readonly free: number;
}

/** Throws {@link BundleError} if what is missing does not fit. */
export function requireRoom({ folder, missing, used, limit, free }: Room): void {
  if (used + missing > limit)
    throw new BundleError(
      `its bundles need ${sizeText(missing)} more, but SCANMESH_BUNDLES_DISK allows ${sizeText(limit)}, of which ${sizeText(used)} are taken`,
    );
  const left = Math.max(0, free - RESERVE_BYTES);
  if (missing > left)
    throw new BundleError(`its bundles need ${sizeText(missing)}, but the disk of ${folder} has only ${sizeText(left)} free`);
}

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** Free on the disk of a folder. */
export function readFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Writes a file, all or nothing. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../contract.js";

/** Where an operating system keeps its programs. */
const FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin", "/sbin", "/usr/lib"];
/** A larger file takes as long as many small ones. */
const LARGEST = 1024 ** 2;

/** The programs of this host's operating system, each once, in an order that has nothing to do with their names. */
export async function* findCleanFiles(folders: readonly string[] = FOLDERS): AsyncGenerator<string> {
  const paths = (await Promise.all(folders.map(listFolder))).flat();
  const mixed = paths.map((path) => ({ path, place: placeOf(path) })).toSorted((one, other) => one.place - other.place);
  const seen = new Set<string>();
  for (const { path } of mixed) {
    const real = await resolveFile(path);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    yield real;
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}

function placeOf(path: string): number {
  return createHash("sha256").update(path).digest().readUInt32BE();
}

/** Undefined for what is no file of a suitable size, or cannot be read. */
async function resolveFile(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    return found.isFile() && found.size > 0 && found.size <= LARGEST ? real : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return undefined;
    throw error;
  }
}

import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../contract.js";

/** So that a folder named by mistake, such as a home folder, does not keep the agent busy. */
const MAX_FILES = 10_000;

/** A hash of anything that JSON can hold. */
export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/**
 * Files, and folders with all that is in them, as they are now: different as soon as a file was added, removed, replaced or
 * written to, without being read. What is not there is known to be missing. Null if that cannot be known.
 */
export async function stateOfFiles(paths: readonly string[]): Promise<string | null> {
  const lines: string[] = [];
  const folders = new Set<string>();

  async function look(path: string): Promise<boolean> {
    if (lines.length >= MAX_FILES) return false;
    try {
      const found = await stat(path, { bigint: true });
      const { dev, ino, size, mtimeNs, ctimeNs } = found;
      if (!found.isDirectory()) {
        lines.push([path, ...(found.isFile() ? [ino, size, mtimeNs, ctimeNs] : ["special"])].join(" "));
        return true;
      }
      lines.push(`${path}/`);
      // Links can lead in circles.
      if (folders.has(`${dev} ${ino}`)) return true;
      folders.add(`${dev} ${ino}`);
      for (const name of (await readdir(path)).toSorted()) if (!(await look(join(path, name)))) return false;
      return true;
    } catch (error) {
      const isMissing = hasCode(error, "ENOENT", "ENOTDIR");
      if (isMissing) lines.push(`${path} missing`);
      return isMissing;
    }
  }

  for (const path of paths) if (!(await look(path))) return null;
  return lines.join("\n");
}

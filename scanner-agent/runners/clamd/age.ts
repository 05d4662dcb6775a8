import { join } from "node:path";
import { hasCode } from "../../contract.js";
import { explainOutdated, readClamdStart, type DatabaseHead } from "../../parsers/clamd-start.js";
import { readCvdHeader } from "./cvd-header.js";
import type { Signatures } from "./database.js";

const DATABASE = /\.c[vlu]d$/i;

/**
 * Whether this clamd is too old for its signatures, from what it said at its start and what the heads of its databases say; undefined: it
 * is not.
 */
export async function explainAge(
  version: string | null,
  said: string,
  { folder, files }: Signatures,
): Promise<string | undefined> {
  const start = readClamdStart(said);
  if (!start.isOutdated) return undefined;
  const names = files.filter((name) => DATABASE.test(name));
  return explainOutdated(version, start, await Promise.all(names.map((name) => readHead(folder, name))));
}

/** A file that was removed meanwhile does not count. */
async function readHead(folder: string, name: string): Promise<DatabaseHead> {
  try {
    const { signatures = 0, level = 0 } = (await readCvdHeader(join(folder, name))) ?? {};
    return { name, signatures, level };
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES")) return { name, signatures: 0, level: 0 };
    throw error;
  }
}

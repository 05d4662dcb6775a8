import { join } from "node:path";
import { hasCode } from "../../contract.js";
import { explainOutdated, readClamdStart, type DatabaseHead } from "../../parsers/clamd-start.js";
import { readCvdHeader } from "./cvd-header.js";
import type { Signatures } from "./database.js";

const DATABASE = /\.c[vlu]d$/i;

/** What a clamd that has `said` this says of being too old for its signatures, with what their heads say; undefined: nothing. */
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

/** A file that has gone since counts for nothing. */
async function readHead(folder: string, name: string): Promise<DatabaseHead> {
  try {
    const { signatures = 0, level = 0 } = (await readCvdHeader(join(folder, name))) ?? {};
    return { name, signatures, level };
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES")) return { name, signatures: 0, level: 0 };
    throw error;
  }
}

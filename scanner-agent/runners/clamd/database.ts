import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, reasonOf, Unavailable } from "../../contract.js";

/** Where ClamAV's own updater keeps its signatures. */
export const DEFAULT_SIGNATURES = "/var/lib/clamav";
const SIGNATURES = /\.(cvd|cld|cud|hdb|hsb|hdu|hsu|mdb|msb|ndb|ndu|ldb|ldu|cdb|yar|yara|fp|sfp|ftm|cbc)$/;

/** A folder with signatures. */
export interface Signatures {
  readonly folder: string;
  /** When the newest file was written. */
  readonly newest: Date;
  /** The names of the files that can be read. */
  readonly files: readonly string[];
  /** What cannot be read, a sentence each. */
  readonly warnings: readonly string[];
  /** Whether clamd itself cannot get past one of these: it reads a folder or a pipe that is named like signatures for ever. */
  readonly isBlocked: boolean;
}

/** The signatures in the folder that was set, or where ClamAV's own updater keeps them. Throws {@link Unavailable}. */
export async function findSignatures(folder: string = DEFAULT_SIGNATURES): Promise<Signatures> {
  const names = await signatureNames(folder);
  const entries = await Promise.all(names.map(async (name) => ({ name, ...(await look(join(folder, name))) })));
  const readable = entries.flatMap(({ name, modified }) => (modified === undefined ? [] : [{ name, modified }]));
  const warnings = entries.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${join(folder, name)}: ${problem}`]));
  if (readable.length === 0) throw new Unavailable([`no signatures in ${folder}`, ...warnings].join("; "));
  return {
    folder,
    newest: new Date(Math.max(...readable.map(({ modified }) => modified))),
    files: readable.map(({ name }) => name),
    warnings,
    isBlocked: entries.some(({ blocks }) => blocks),
  };
}

async function signatureNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => SIGNATURES.test(name)).toSorted();
  } catch (cause) {
    throw new Unavailable(`no signatures in ${folder} (${reasonOf(cause)})`, { cause });
  }
}

interface Look {
  readonly modified?: number;
  readonly problem?: string;
  readonly blocks?: boolean;
}

async function look(path: string): Promise<Look> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return { modified: stats.mtimeMs };
    return {
      problem: `is ${stats.isDirectory() ? "a folder, not a file" : "not a regular file"}, so it is not read`,
      blocks: true,
    };
  } catch (error) {
    // clamd passes over what is not there, such as a file that its updater has just replaced.
    return { problem: `cannot be read: ${reasonOf(error)}`, blocks: !hasCode(error, "ENOENT") };
  }
}

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf, Unavailable } from "../../contract.js";

/** Where ClamAV's own updater keeps its signatures. */
export const DEFAULT_SIGNATURES = "/var/lib/clamav";
const SIGNATURES = /\.(cvd|cld|cud|hdb|hsb|hdu|hsu|mdb|msb|ndb|ndu|ldb|ldu|cdb|yar|yara|fp|sfp|ftm|cbc)$/;

/** A folder with signatures. */
export interface Signatures {
  readonly folder: string;
  /** When the newest file was written. */
  readonly newest: Date;
}

/** The signatures in the folder that was set, or where ClamAV's own updater keeps them. Throws {@link Unavailable}. */
export async function findSignatures(folder: string = DEFAULT_SIGNATURES): Promise<Signatures> {
  const times = await modified(folder);
  if (times.length === 0) throw new Unavailable(`no signatures in ${folder}`);
  return { folder, newest: new Date(Math.max(...times)) };
}

async function modified(folder: string): Promise<number[]> {
  try {
    const names = (await readdir(folder)).filter((name) => SIGNATURES.test(name));
    return await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  } catch (cause) {
    throw new Unavailable(`no signatures in ${folder} (${reasonOf(cause)})`, { cause });
  }
}

import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ADD_CLAMAV } from "../../../schema/add-clamav.js";
import { reasonOf, Unavailable } from "../../contract.js";
import { clamavUser, type HostUser } from "./config.js";

/** Where ClamAV's own updater keeps its signatures. */
export const DEFAULT_SIGNATURES = "/var/lib/clamav";
/** Signatures that did not load are left alone for this long, unless something in their folder changes. */
export const REFUSED_MS = 600_000;
/** The names that libclamav loads. */
const SIGNATURES =
  /\.(c[vlu]d|[hmnl]d[bu]|[hm]s[bu]|db|s?fp|sdb|zmd|rmd|[pgwci]db|cbc|ftm|cfg|cat|crb|ioc|yara?|pwdb|ign2?|imp|info)$/i;

/** A folder with signatures. */
export interface Signatures {
  readonly folder: string;
  /** When the newest file was written. */
  readonly newest: Date;
  /** The names of all files that can be read. */
  readonly files: readonly string[];
  /** What cannot be read, a sentence each. */
  readonly warnings: readonly string[];
  /** Those of them that clamd is told to ignore; none if left out. */
  readonly ignored?: readonly string[];
  /** Another as soon as one with signatures was added, replaced, written to or removed. */
  readonly state: string;
  /** Set if nobody changes the folder: what its state is. */
  readonly fixed?: string | undefined;
}

/**
 * The signatures in the folder that was set, or where ClamAV's own updater keeps them; `fixed` is the state of a folder that nobody
 * changes. Throws {@link Unavailable}.
 */
export async function findSignatures(folder: string = DEFAULT_SIGNATURES, fixed?: string): Promise<Signatures> {
  const user = await clamavUser();
  const names = await fileNames(folder);
  const entries = await Promise.all(names.map((name) => look(folder, name, user)));
  const files = entries.filter(({ problem }) => problem === undefined);
  const signatures = files.filter(({ name }) => SIGNATURES.test(name));
  const newest = Math.max(...signatures.map(({ modified }) => modified));
  const warnings = entries.flatMap(({ name, problem }) =>
    problem !== undefined && SIGNATURES.test(name) ? [`${join(folder, name)} ${problem}`] : [],
  );
  if (!Number.isFinite(newest)) throw new Unavailable([noSignatures(folder), ...warnings].join("; "));
  return {
    folder,
    newest: new Date(newest),
    files: files.map(({ name }) => name),
    warnings,
    state: fixed ?? signatures.map(({ name, state }) => `${name} ${state}`).join("\n"),
    fixed,
  };
}

/** The content of ClamAV's own folder is known; a folder of the operator's choice may be filled in any way. */
function noSignatures(folder: string, why = ""): string {
  const advice =
    folder === DEFAULT_SIGNATURES
      ? `: run freshclam as root, or start the mesh with ${ADD_CLAMAV} where database.clamav.net can be reached`
      : "";
  return `no signatures in ${folder}${why}${advice}`;
}

async function fileNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (cause) {
    throw new Unavailable(noSignatures(folder, ` (${reasonOf(cause)})`), { cause });
  }
}

interface Entry {
  readonly name: string;
  readonly modified: number;
  readonly state: string;
  readonly problem?: string;
}

async function look(folder: string, name: string, user: HostUser | undefined): Promise<Entry> {
  const unread = (problem: string): Entry => ({ name, modified: 0, state: "", problem });
  const path = join(folder, name);
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return unread("is a folder, not a file, so it is not read");
    if (!stats.isFile()) return unread("is not a regular file, so it is not read");
    await access(path, constants.R_OK);
    // Root can read everything, but clamd becomes this user.
    if (user !== undefined && stats.uid !== user.uid && (stats.mode & 0o044) === 0)
      return unread(`cannot be read by the user ${user.name}`);
    return { name, modified: stats.mtimeMs, state: [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(" ") };
  } catch (error) {
    return unread(`cannot be read: ${reasonOf(error)}`);
  }
}

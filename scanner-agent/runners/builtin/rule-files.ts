import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { RULE_FILE } from "../../../schema/rule-job.js";
import { reasonOf, Unavailable } from "../../contract.js";

const MAX_FILE = 64 * 1024 * 1024;
/** So that a folder set by mistake, such as a home folder, does not keep the agent busy. */
const MAX_FILES = 50_000;

/** A file in a rule folder: of rules, or one that rules may include. */
export interface FoundFile {
  readonly path: string;
  /** The rule folder that it was found in. */
  readonly folder: string;
  /** The path within that folder, without the ending of rule files. */
  readonly name: string;
  readonly isRules: boolean;
  readonly size: number;
  readonly modified: Date;
}

/** What rule folders hold, in order of the paths; `problems` name what cannot be looked at, a sentence each. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly problems: readonly string[];
}

/**
 * Looks through rule folders and their subfolders, hidden ones left out. Throws {@link Unavailable} if a rule folder itself
 * cannot be read.
 */
export async function findFiles(folders: readonly string[]): Promise<FoundFiles> {
  const found: Search = { files: [], problems: [], visited: new Set() };
  for (const folder of folders) {
    try {
      await search(resolve(folder), resolve(folder), found);
    } catch (cause) {
      throw new Unavailable(`the rule folder ${folder} cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }
  return found;
}

/** Changes when a file was added, removed or written. Throws {@link Unavailable}. */
export async function stateOfRules(folders: readonly string[]): Promise<string> {
  const { files, problems } = await findFiles(folders);
  const hash = createHash("sha256");
  for (const { path, size, modified } of files) hash.update(`${path}\0${modified.getTime()}\0${size}\0`);
  for (const problem of problems) hash.update(`${problem}\0`);
  return hash.digest("hex");
}

interface Search {
  files: FoundFile[];
  problems: string[];
  /** Real paths of the folders seen, since links can lead in circles. */
  visited: Set<string>;
}

async function search(root: string, folder: string, found: Search): Promise<void> {
  const real = await realpath(folder);
  if (found.visited.has(real)) return;
  found.visited.add(real);
  const names = (await readdir(folder)).toSorted();
  const looks = await Promise.all(names.map((name) => look(join(folder, name))));
  for (const [at, name] of names.entries()) {
    const entry = looks[at];
    const path = join(folder, name);
    const isRules = RULE_FILE.test(name);
    if (entry === undefined || "problem" in entry) {
      if (isRules) found.problems.push(`${path} cannot be read: ${entry?.problem ?? "it is gone"}`);
    } else if (entry.isDirectory()) {
      if (isRules) found.problems.push(`${path} is a folder, not a file; rule files in it are read`);
      if (!name.startsWith(".")) await searchBelow(root, path, found);
    } else if (!entry.isFile()) {
      if (isRules) found.problems.push(`${path} is not a regular file, so it is not read`);
    } else if (found.files.length < MAX_FILES) {
      const within = relative(root, path).replace(RULE_FILE, "");
      found.files.push({ path, folder: root, name: within, isRules, size: entry.size, modified: entry.mtime });
    } else if (found.files.length === MAX_FILES && isRules) {
      found.problems.push(`${path} is not read, since the rule folders hold more than ${MAX_FILES} files`);
    }
  }
}

async function searchBelow(root: string, folder: string, found: Search): Promise<void> {
  try {
    await search(root, folder, found);
  } catch (error) {
    found.problems.push(`${folder} cannot be read: ${reasonOf(error)}`);
  }
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** The text of a file, or why it is not read. */
export async function readText({ path, size }: FoundFile): Promise<{ text: string } | { problem: string }> {
  if (size > MAX_FILE) return { problem: `is larger than ${MAX_FILE / 1024 ** 2} MiB, so it is not read` };
  try {
    return decodeRules(await readFile(path));
  } catch (error) {
    return { problem: `cannot be read: ${reasonOf(error)}` };
  }
}

/** Rules match bytes: read in another encoding they would compile and never match. */
export function decodeRules(bytes: Buffer): { text: string } | { problem: string } {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) return { problem: `is ${wide}, not UTF-8, so it is not read; save it as UTF-8` };
  if (!isUtf8(bytes)) return { problem: `is not UTF-8 (line ${firstBadLine(bytes)}), so it is not read; save it as UTF-8` };
  // The decoder passes over a byte order mark.
  return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
}

function wideEncoding(bytes: Buffer): string | undefined {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) return "UTF-32";
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return "UTF-16";
  // UTF-16 without a mark: ASCII characters with NUL bytes between them.
  const isWide = bytes.length >= 4 && (a === 0) !== (b === 0) && (c === 0) === (a === 0) && (d === 0) === (b === 0);
  return isWide ? "UTF-16" : undefined;
}

function firstBadLine(bytes: Buffer): number {
  for (let line = 1, start = 0; ; line++) {
    const newline = bytes.indexOf(0x0a, start);
    if (newline === -1 || !isUtf8(bytes.subarray(start, newline))) return line;
    start = newline + 1;
  }
}

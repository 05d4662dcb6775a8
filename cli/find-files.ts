/** From what the command is given to the files that are scanned. */

import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { OperatorError } from "../schema/operator-error.js";
import { fileToSend, standardInput, type FileToSend } from "./file-source.js";
import type { FileResult } from "./report.js";

export interface FoundFiles {
  readonly toSend: FileToSend[];
  /** What cannot be scanned, with the reason. */
  readonly unreadable: FileResult[];
  /** Folders that were given and hold no file: each is an error, and none counts as a file. */
  readonly emptyFolders: FileResult[];
  /** Whether a folder was among what was given. */
  hasFolder: boolean;
  /** What folders hold besides files: links to folders or to nothing, pipes, sockets, devices. */
  passedOver: number;
}

/** Looks at what was given before a mesh is needed for it. Folders are searched to the bottom; links to folders are not followed. */
export async function findFiles(given: readonly string[], say: (line: string) => void, signal: AbortSignal): Promise<FoundFiles> {
  const found: FoundFiles = { toSend: [], unreadable: [], emptyFolders: [], hasFolder: false, passedOver: 0 };
  let hasInput = false;
  for (const file of given) {
    signal.throwIfAborted();
    if (file !== "-") await find(file, found, signal);
    else if (hasInput) found.unreadable.push({ file, error: "standard input can be read only once" });
    else {
      found.toSend.push(standardInput(process.stdin, say));
      hasInput = true;
    }
  }
  return found;
}

async function find(file: string, found: FoundFiles, signal: AbortSignal): Promise<void> {
  if (file.includes("\ufffd")) {
    // npm and Node put this character where an argument is not UTF-8, so the file that was meant cannot be told from others.
    found.unreadable.push({ file, error: "its name is not UTF-8 and did not arrive whole; scan the folder that it is in" });
    return;
  }
  await noteFailure(file, found, async () => {
    const stats = await stat(file);
    if (stats.isDirectory()) {
      found.hasFolder = true;
      const before = found.toSend.length + found.unreadable.length;
      await searchFolder(Buffer.from(file), found, signal);
      if (found.toSend.length + found.unreadable.length === before)
        found.emptyFolders.push({ file, error: "there is no file in this folder" });
      return;
    }
    if (stats.isFIFO()) throw new OperatorError(`a pipe; scan what comes out of it by "-": npm run scan -- - < PIPE`);
    if (!stats.isFile()) throw new OperatorError("not a regular file");
    await access(file, constants.R_OK);
    found.toSend.push(fileToSend(file, file));
  });
}

async function searchFolder(folder: Buffer, found: FoundFiles, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // Names are bytes: not every one of them is a text.
  const entries = await readdir(folder, { encoding: "buffer", withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => a.name.compare(b.name))) {
    const path = Buffer.concat([folder, Buffer.from(folder.at(-1) === SLASH ? "" : "/"), entry.name]);
    const file = pathText(path);
    if (entry.isDirectory()) await noteFailure(file, found, () => searchFolder(path, found, signal));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(path)))) found.toSend.push(fileToSend(file, path));
    else found.passedOver += 1;
  }
}

const SLASH = "/".charCodeAt(0);

async function leadsToFile(link: Buffer): Promise<boolean> {
  try {
    return (await stat(link)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return false;
    // There may be a file: to open it says why it cannot be read.
    return true;
  }
}

async function noteFailure(file: string, found: FoundFiles, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    found.unreadable.push({ file, error: fileError(error) });
  }
}

/** Why a file cannot be read, in one line. */
export function fileError(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return String(error);
  return REASONS[code] ?? `cannot be read: ${code}${syscall === undefined ? "" : ` (${syscall})`}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  ENAMETOOLONG: "there is no such file",
  ELOOP: "a link that leads to itself",
  EACCES: "may not be read by this user",
  ERR_INVALID_ARG_VALUE: "there is no such file",
};

const UTF8 =
  /(?:[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[^]/g;

/** A path as a text in which bytes that are not UTF-8 stand as `\xe9`, so that different files look different. */
export function pathText(path: Buffer): string {
  return path.toString("latin1").replace(UTF8, (bytes) => {
    const isByte = bytes.length === 1 && bytes > "\x7f";
    return isByte ? `\\x${bytes.charCodeAt(0).toString(16)}` : Buffer.from(bytes, "latin1").toString("utf8");
  });
}

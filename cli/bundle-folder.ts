/** Reads a folder that is to be published as a bundle. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { readCvdHeader } from "../scanner-agent/runners/clamd/cvd-header.js";
import type { BundleFile } from "../schema/bundle.js";
import { OperatorError } from "../schema/operator-error.js";
import { fileError } from "./find-files.js";

/** A file of a folder, and where it lies. */
export interface FolderFile extends BundleFile {
  readonly from: string;
}

/** freshclam's own notes: nothing that an engine reads. */
const NOTES = new Set(["freshclam.dat", "mirrors.dat"]);

/** The files of a folder, by path; hidden ones are passed over. Throws {@link OperatorError} for what is neither a file nor a folder. */
export async function listFolder(folder: string): Promise<{ readonly paths: readonly string[]; readonly passedOver: number }> {
  const paths: string[] = [];
  let passedOver = 0;
  async function walk(within: string): Promise<void> {
    const entries = await readdir(join(folder, within), { withFileTypes: true }).catch((error: unknown) => {
      throw new OperatorError(`${join(folder, within)}: ${fileError(error)}`, { cause: error });
    });
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const path = within === "" ? entry.name : `${within}/${entry.name}`;
      if (entry.name.startsWith(".") || NOTES.has(entry.name)) passedOver += 1;
      else if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) paths.push(path);
      else
        throw new OperatorError(
          `${join(folder, path)} is neither a file nor a folder: leave it out, or put in its place what it leads to.`,
        );
    }
  }
  await walk("");
  if (paths.length === 0) throw new OperatorError(`${folder} has no files.`);
  return { paths, passedOver };
}

/** Hashes a file of the folder; `onBytes` is told of each piece. */
export async function readFolderFile(folder: string, path: string, onBytes: (count: number) => void): Promise<FolderFile> {
  const from = join(folder, path);
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const piece of createReadStream(from) as AsyncIterable<Buffer>) {
      hash.update(piece);
      size += piece.length;
      onBytes(piece.length);
    }
  } catch (error) {
    throw new OperatorError(`${from}: ${fileError(error)}`, { cause: error });
  }
  return { path, size, sha256: hash.digest("hex"), from };
}

/** What ClamAV's databases say of themselves: version and date of the newest of them, `daily` before all others. */
export async function readVersion(files: readonly FolderFile[]): Promise<{ version: string | null; date: string | null }> {
  const headers = await Promise.all(
    files
      .filter(({ path }) => /\.(cvd|cld|cud)$/i.test(path))
      .map(async ({ path, from }) => ({ name: basename(path, extname(path)).toLowerCase(), header: await readCvdHeader(from) })),
  );
  const known = headers.flatMap(({ name, header }) => (header === undefined ? [] : [{ name, ...header }]));
  const chosen = known.find(({ name }) => name === "daily") ?? (known.length === 1 ? known[0] : undefined);
  return { version: chosen?.version ?? null, date: chosen?.built?.toISOString() ?? null };
}

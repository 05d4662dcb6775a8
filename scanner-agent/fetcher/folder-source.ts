import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { BUNDLE_LIMITS, bundlePath } from "../../schema/bundle.js";
import { OperatorError } from "../../schema/operator-error.js";
import { reasonOf } from "../contract.js";
import { readCvdHeader } from "../runners/clamd/cvd-header.js";
import { verifyCvds } from "./cvd.js";
import type { Content, FetchedFile, Source } from "./source.js";

/** A folder of this host, which something else fills: a private mirror's files, or rules. */
export function createFolderSource(options: {
  readonly engine: string;
  readonly set: string;
  readonly everyMs: number | undefined;
  readonly folder: string;
  readonly programPath: string;
}): Source {
  const { engine, set, everyMs, folder, programPath } = options;

  async function fetch(): Promise<Content> {
    const files = (await listFiles()).toSorted((one, other) => (one.path < other.path ? -1 : 1));
    if (files.length === 0) throw new OperatorError(`There is no file in ${folder}.`);
    if (files.length > BUNDLE_LIMITS.files)
      throw new OperatorError(`There are ${files.length} files in ${folder}, and a bundle has ${BUNDLE_LIMITS.files} at most.`);
    const daily = files.find(({ path }) => /(^|\/)daily\.c[vlu]d$/.test(path));
    const head = daily && (await readCvdHeader(daily.file));
    return { files, image: null, version: head?.version ?? null, date: head?.built ?? null };
  }

  /** Hidden files, and what freshclam keeps for itself, are left out. */
  async function listFiles(): Promise<FetchedFile[]> {
    const files: FetchedFile[] = [];
    for (const entry of await entries()) {
      const file = join(entry.parentPath, entry.name);
      const path = relative(folder, file);
      if (!entry.isFile() || /(^|\/)\.|(^|\/)tmp\.|^(freshclam|mirrors)\.dat$/.test(path)) continue;
      if (!bundlePath.safeParse(path).success)
        throw new OperatorError(
          `The file ${JSON.stringify(path)} in ${folder} needs another name: letters, digits, "-", "_" and ".".`,
        );
      files.push({ path, file, size: (await stat(file)).size });
    }
    return files;
  }

  async function entries() {
    try {
      return await readdir(folder, { recursive: true, withFileTypes: true });
    } catch (cause) {
      throw new OperatorError(`The folder ${folder} cannot be read: ${reasonOf(cause)}.`, { cause });
    }
  }

  return {
    engine,
    set,
    everyMs,
    description: `the folder ${folder}`,
    fetch,
    verify: ({ files }, signal) =>
      verifyCvds(
        files.map(({ file }) => file),
        programPath,
        signal,
      ),
  };
}

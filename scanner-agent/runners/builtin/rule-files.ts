import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { reasonOf, Unavailable } from "../../contract.js";

/** One file of Yara rules. */
export interface RuleFile {
  readonly path: string;
  /** The namespace of its rules: its name without the ending, with a number if another file has that name. */
  readonly namespace: string;
  readonly source: string;
  readonly modified: Date;
}

/** All rule files directly in the folders, in order of their paths. Throws {@link Unavailable}. */
export async function readRuleFiles(folders: readonly string[]): Promise<RuleFile[]> {
  const taken = new Map<string, number>();
  return await Promise.all(
    (await rulePaths(folders)).map(async (path) => ({
      path,
      namespace: namespaceOf(path, taken),
      source: await readFile(path, "utf8"),
      modified: (await stat(path)).mtime,
    })),
  );
}

/** Changes when a rule file was added, removed or written. Throws {@link Unavailable}. */
export async function fingerprintRules(folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await rulePaths(folders)) {
    const { mtimeMs, size } = await stat(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\0`);
  }
  return hash.digest("hex");
}

async function rulePaths(folders: readonly string[]): Promise<string[]> {
  const paths = await Promise.all(
    folders.map(async (folder) => {
      try {
        return (await readdir(folder))
          .filter((name) => /\.yara?$/.test(name))
          .toSorted()
          .map((name) => join(folder, name));
      } catch (cause) {
        throw new Unavailable(`the rule folder ${folder} cannot be read: ${reasonOf(cause)}`, { cause });
      }
    }),
  );
  return paths.flat();
}

function namespaceOf(path: string, taken: Map<string, number>): string {
  const name = basename(path).replace(/\.yara?$/, "");
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  return count === 1 ? name : `${name}-${count}`;
}

/** Where the project's own files are, whether its code runs from `dist/` or from source. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project's package.json: the nearest one above this file that is named scanmesh. */
const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest)) {
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown };
    if (name === "scanmesh") return folder;
  }
  const parent = dirname(folder);
  if (parent === folder) throw new Error("no package.json named scanmesh above the program's files");
  return findRoot(parent);
}

/** An absolute path inside the project, e.g. `projectPath("scanner-agent", "engines")`. */
export function projectPath(...segments: string[]): string {
  return join(ROOT, ...segments);
}

import { realpath, stat } from "node:fs/promises";
import { delimiter, dirname, isAbsolute } from "node:path";
import { hasCode } from "../../contract.js";
import { INSIDE, PRIVATE_FOLDERS, type Mount } from "./fence.js";

const HIDDEN = [...PRIVATE_FOLDERS, "/run/lock", INSIDE];

/**
 * What a fenced program needs of the folders that a fence hides: files that the command names, with the folders around them, and
 * folders of the program path.
 */
export async function findShown(commands: readonly (readonly string[])[], programPath: string): Promise<Mount[]> {
  const folders = programPath.split(delimiter).filter((folder) => isHidden(folder));
  const files = commands.flat().filter((word) => isAbsolute(word) && isHidden(word));
  const found = await Promise.all([...folders, ...files].flatMap(async (path) => await withTarget(path)));
  const paths = new Set(found.flat());
  // Outer folders first: one that is shown later would hide what is inside it.
  return [...paths].toSorted().map((path) => ({ path, isProgram: true }));
}

/** The folder around this file, if a fence hides it: so that a link which is changed to another target is noticed. */
export function findAround(folder: string): Mount[] {
  const around = dirname(folder);
  return isHidden(folder) ? [{ path: HIDDEN.includes(around) ? folder : around }] : [];
}

/** The path, and where it leads to if it is a link. */
async function withTarget(path: string): Promise<string[]> {
  try {
    const target = await realpath(path);
    const isFolder = (await stat(target)).isDirectory();
    return [path, target].filter(isHidden).map((one) => (isFolder || HIDDEN.includes(dirname(one)) ? one : dirname(one)));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG")) return [];
    throw error;
  }
}

function isHidden(path: string): boolean {
  return HIDDEN.some((folder) => path.startsWith(`${folder}/`));
}

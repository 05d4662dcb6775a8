import { statfs } from "node:fs/promises";
import { OperatorError } from "../../schema/operator-error.js";
import { sizeText } from "../../schema/settings.js";

/** How many bytes are free on the disk of a folder. */
export type ReadFree = (folder: string) => Promise<number>;

export const readFree: ReadFree = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Throws {@link OperatorError} if so many bytes do not fit. */
export async function requireRoom(folder: string, needed: number, read: ReadFree): Promise<void> {
  const free = await read(folder);
  if (free >= needed) return;
  throw new OperatorError(
    `There is no room for what is to be fetched: ${folder} has ${sizeText(free)}, and ${sizeText(needed)} are needed. Make room, or name another folder in SCANMESH_FETCH_DIR.`,
  );
}

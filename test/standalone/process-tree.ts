/** Which processes exist, by Linux's own account of them. */

import { readdir, readFile } from "node:fs/promises";

/** All processes below one, and itself. */
export async function processTree(root: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(pids.map(async (pid) => [pid, await parentOf(pid)] as const)));
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const [pid, parent] of parents) if (parent !== undefined && tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** Those of the processes that still run; a zombie does not. */
export async function alive(pids: readonly number[]): Promise<number[]> {
  const parents = await Promise.all(pids.map(parentOf));
  return pids.filter((_, index) => parents[index] !== undefined);
}

async function parentOf(pid: number): Promise<number | undefined> {
  try {
    // The program's name, in brackets, may hold anything.
    const [state, parent] = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ");
    return state === "Z" ? undefined : Number(parent);
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

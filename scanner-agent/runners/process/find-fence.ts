import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failed, TimedOut } from "../../contract.js";
import { bubblewrapFences } from "./bubblewrap.js";
import { runCommand } from "./command.js";
import { noFence, type Fence, type FenceOptions } from "./fence.js";
import { minimalEnvironment } from "./guard.js";
import { daemonFences, namespaceFences } from "./namespaces.js";

const TRIAL_MS = 10_000;

/**
 * The strongest fence that works on this host: the first in which a program can read a sample, or none at all: the program then
 * runs unfenced.
 */
export async function findFence(options: FenceOptions): Promise<Fence> {
  const withFilter = await bubblewrapFences(options);
  for (const fence of [...withFilter, ...namespaceFences(options)]) {
    const closed = await tryFence(fence, options);
    if (closed === undefined) continue;
    const missing = [
      ...(fence.hasFilter ? [] : [`system-call filter (${withFilter.length === 0 ? "install bubblewrap" : "bubblewrap fails"})`]),
      ...(fence.hasPrivateFolders ? [] : ["private /tmp"]),
      ...(closed ? [] : ["closed user namespaces"]),
    ];
    const has = [
      fence.user,
      options.internet ? "network" : "no network",
      ...(fence.hasPrivateFolders ? ["private /tmp"] : []),
      "limits",
      ...(fence.hasFilter ? ["system-call filter"] : []),
    ];
    return { ...fence, description: has.join(", ") + (missing.length === 0 ? "" : `; missing: ${missing.join(", ")}`) };
  }
  return noFence;
}

/**
 * A fence for a daemon that changes its user by itself: no network, no core dumps and folders of its own, as far as the host
 * allows.
 */
export async function findDaemonFence(options: Omit<FenceOptions, "internet">): Promise<Fence> {
  for (const fence of daemonFences()) {
    if ((await tryFence(fence, options)) === undefined) continue;
    return { ...fence, description: fence.hasPrivateFolders ? "no network, private /tmp" : "no network; missing: private /tmp" };
  }
  return noFence;
}

/** Reads a sample, and says whether a user namespace can be made. */
const TRIAL = 'cat "$1"; unshare --user true 2> /dev/null && echo open';

/** Whether user namespaces are closed to a program inside the fence; undefined if that cannot even read a sample. */
async function tryFence(
  fence: Pick<Fence, "innerPath" | "wrap">,
  { folder, programPath }: Omit<FenceOptions, "internet">,
): Promise<boolean | undefined> {
  const cwd = await mkdtemp(join(folder, "fence-"));
  try {
    const content = randomUUID();
    const sample = join(cwd, content);
    await writeFile(sample, content, { mode: 0o444 });
    const argv = fence.wrap(["sh", "-c", TRIAL, "sh", fence.innerPath(sample)], sample);
    const env = minimalEnvironment(programPath, cwd);
    const { stdout } = await runCommand(argv, { cwd, env, timeoutMs: TRIAL_MS, maxOutput: 4_096 });
    return stdout.startsWith(content) ? stdout === content : undefined;
  } catch (error) {
    if (error instanceof Failed || error instanceof TimedOut) return undefined;
    throw error;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

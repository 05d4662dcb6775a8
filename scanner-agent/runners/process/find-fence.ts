import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failed, TimedOut } from "../../contract.js";
import { bubblewrapFence } from "./bubblewrap.js";
import { runCommand } from "./command.js";
import { INSIDE, noFence, type Fence, type FenceOptions, type PossibleFence } from "./fence.js";
import { minimalEnvironment } from "./guard.js";
import { daemonFences, namespaceFences } from "./namespaces.js";
import { createFilterTool, type FilterTool } from "./syscall-filter-file.js";

const TRIAL_MS = 10_000;

/**
 * The strongest fence that works on this host: the first in which a program can read a sample, or none at all: the program then
 * runs unfenced.
 */
export async function findFence(options: FenceOptions): Promise<Fence> {
  const filter = await createFilterTool(options);
  for (const fence of [...(filter ? [bubblewrapFence(filter, options)] : []), ...namespaceFences(options)]) {
    const trial = await tryFence(fence, options);
    if (trial.failure !== undefined) continue;
    const missing = [
      ...missingParts(fence, filter),
      ...(fence.isReadOnly ? [] : ["read-only file systems beside /"]),
      ...(trial.closed ? [] : ["closed user namespaces"]),
    ];
    const has = [
      fence.user,
      options.internet ? "network" : "no network",
      ...(fence.hasPrivateFolders ? ["private /tmp"] : []),
      "limits",
      ...(fence.hasFilter ? ["system-call filter"] : []),
    ];
    return { ...fence, description: describe(has, missing) };
  }
  return noFence;
}

/**
 * A fence for a daemon that changes its user by itself: no network, no core dumps and folders of its own, as far as the host
 * allows.
 */
export async function findDaemonFence(options: Omit<FenceOptions, "internet">): Promise<Fence> {
  const filter = await createFilterTool({ ...options, internet: false });
  for (const fence of daemonFences(filter)) {
    if ((await tryFence(fence, options)).failure !== undefined) continue;
    const has = [
      "no network",
      ...(fence.hasPrivateFolders ? ["private /tmp"] : []),
      ...(fence.hasFilter ? ["system-call filter"] : []),
    ];
    return { ...fence, description: describe(has, missingParts(fence, filter)) };
  }
  return noFence;
}

/** Why programs are fenced in without Bubblewrap although this host has it, and what to do; undefined where it works. */
export async function explainBubblewrap(options: FenceOptions): Promise<string | undefined> {
  const filter = await createFilterTool(options);
  const trial = filter && (await tryFence(bubblewrapFence(filter, options), options));
  if (trial?.failure === undefined) return undefined;
  return `Bubblewrap fails, so programs are fenced in without a system-call filter: ${bubblewrapAdvice()}. It said: ${trial.failure}`;
}

function bubblewrapAdvice(): string {
  if (!existsSync(INSIDE)) return `make the folder ${INSIDE}, in which they find their sample`;
  return (
    "let the agent's user make user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, " +
    "kernel.apparmor_restrict_unprivileged_userns), or run the agent as root"
  );
}

function missingParts({ hasFilter, hasPrivateFolders }: PossibleFence, filter: FilterTool | undefined): string[] {
  return [
    ...(hasFilter ? [] : [`system-call filter (${filter ? "bubblewrap fails" : "install bubblewrap"})`]),
    ...(hasPrivateFolders ? [] : ["private /tmp"]),
  ];
}

function describe(has: readonly string[], missing: readonly string[]): string {
  return has.join(", ") + (missing.length === 0 ? "" : `; missing: ${missing.join(", ")}`);
}

/** Reads a sample, and reports whether a user namespace can be made. */
const TRIAL = 'cat "$1"; unshare --user true 2> /dev/null && echo open';

type Trial = { readonly failure?: undefined; readonly closed: boolean } | { readonly failure: string };

/** Whether user namespaces are closed to a program inside the fence; otherwise why it cannot even read a sample. */
async function tryFence(
  fence: Pick<Fence, "innerPath" | "wrap">,
  { folder, programPath }: Omit<FenceOptions, "internet">,
): Promise<Trial> {
  const cwd = await mkdtemp(join(folder, "fence-"));
  try {
    const content = randomUUID();
    const sample = join(cwd, content);
    await writeFile(sample, content, { mode: 0o444 });
    const argv = fence.wrap(["sh", "-c", TRIAL, "sh", fence.innerPath(sample)], sample);
    const env = minimalEnvironment(programPath, cwd);
    const { stdout, stderr } = await runCommand(argv, { cwd, env, timeoutMs: TRIAL_MS, maxOutput: 4_096 });
    return stdout.startsWith(content)
      ? { closed: stdout === content }
      : { failure: stderr.trim().split("\n").at(-1) || "nothing" };
  } catch (error) {
    if (error instanceof Failed || error instanceof TimedOut) return { failure: error.message };
    throw error;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

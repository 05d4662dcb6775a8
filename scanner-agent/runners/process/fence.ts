import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Failed, TimedOut } from "../../contract.js";
import { runCommand } from "./command.js";
import { minimalEnvironment } from "./guard.js";

const TRIAL_MS = 10_000;
const NOBODY = "65534";
/** The folder in memory where a fenced program finds its sample and may write. */
const INSIDE = "/mnt";
const SCRATCH = "256m";
const LIMITS = ["--core=0", "--nofile=1024", "--fsize=1073741824", "--as=4294967296"];
const PROCESSES = "--nproc=4096";

/** Mounts the sample in a folder that exists only in this mount namespace, then becomes nobody. */
const ENTER = `set -e
mount -t tmpfs -o size=${SCRATCH},mode=1777,nosuid,nodev,noexec scanmesh ${INSIDE}
if [ -n "$1" ]; then
  : > "${INSIDE}/$2"
  mount --bind "$1" "${INSIDE}/$2"
  mount -o remount,bind,ro,nosuid,nodev,noexec "${INSIDE}/$2"
fi
shift 2
cd ${INSIDE}
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"`;

/** How a local program is isolated from the rest of the host. */
export interface Fence {
  /** Shown in the list of engines, e.g. `isolation: none`. */
  readonly description: string;
  /** The sample's path as the program sees it. */
  innerPath(sample: string): string;
  /** The folder that the program may write to, instead of its own. */
  readonly home: string | undefined;
  /** The command line that runs `argv` inside the fence, with a sample or without one. */
  wrap(argv: readonly string[], sample: string | null): readonly string[];
}

/** No fence: the program runs as the agent's user, in a process group, a folder and an environment of its own. */
export const noFence: Fence = {
  description: "isolation: none",
  home: undefined,
  innerPath: (sample) => sample,
  wrap: (argv) => argv,
};

/** What a fence is chosen by. */
export interface FenceOptions {
  /** Whether the engine needs the network. */
  readonly internet: boolean;
  /** A private folder. */
  readonly folder: string;
  readonly programPath: string;
}

/** The strongest fence that works on this host: the first in which a program can read a sample. */
export async function findFence(options: FenceOptions): Promise<Fence> {
  for (const fence of listFences(options.internet)) if (await works(fence, options)) return fence;
  return noFence;
}

/** A fence for a daemon that changes its user by itself: no network, and no core dumps. */
export async function findDaemonFence(options: Omit<FenceOptions, "internet">): Promise<Fence> {
  for (const namespaces of [["--net"], ["--user", "--map-current-user", "--net"]]) {
    const fence: Fence = {
      ...noFence,
      description: "no network",
      wrap: (argv) => ["prlimit", "--core=0", "unshare", ...namespaces, "--", ...argv],
    };
    if (await works(fence, { ...options, internet: false })) return fence;
  }
  return noFence;
}

function listFences(internet: boolean): Fence[] {
  const network = internet ? [] : ["--net"];
  const describe = (user: string) => [user, internet ? "network" : "no network", "limits"].join(", ");
  const processes = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const asNobody: Fence = {
    description: describe("user nobody"),
    home: INSIDE,
    innerPath: (sample) => join(INSIDE, basename(sample)),
    wrap: (argv, sample) => {
      const enter = ["sh", "-c", ENTER, "fence", sample ?? "", sample === null ? "" : basename(sample), ...argv];
      return ["prlimit", ...LIMITS, PROCESSES, "unshare", "--mount", ...processes, ...network, "--", ...enter];
    },
  };
  const asAgent = (namespaces: readonly string[]): Fence => ({
    ...noFence,
    description: describe("the agent's user"),
    wrap: (argv) => {
      const unshare = ["unshare", "--user", "--map-current-user", ...namespaces, ...network, "--"];
      return ["prlimit", ...LIMITS, ...unshare, "setpriv", "--no-new-privs", "--", ...argv];
    },
  });
  return process.getuid?.() === 0 ? [asNobody] : [asAgent(processes), asAgent([])];
}

/** Whether a program inside the fence can read a sample. */
async function works(fence: Fence, { folder, programPath }: FenceOptions): Promise<boolean> {
  const cwd = await mkdtemp(join(folder, "fence-"));
  try {
    const content = randomUUID();
    const sample = join(cwd, content);
    await writeFile(sample, content, { mode: 0o444 });
    const argv = fence.wrap(["cat", fence.innerPath(sample)], sample);
    const env = minimalEnvironment(programPath, cwd);
    const { exitCode, stdout } = await runCommand(argv, { cwd, env, timeoutMs: TRIAL_MS, maxOutput: 4_096 });
    return exitCode === 0 && stdout === content;
  } catch (error) {
    if (error instanceof Failed || error instanceof TimedOut) return false;
    throw error;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

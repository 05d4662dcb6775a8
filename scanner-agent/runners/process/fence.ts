import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Failed, TimedOut } from "../../contract.js";
import { runCommand } from "./command.js";
import { minimalEnvironment } from "./guard.js";

const TRIAL_MS = 10_000;
const NOBODY = "65534";
/** Where a fenced program finds its sample and a scratch folder of its own, in memory. */
const INSIDE = "/mnt";
const SCRATCH = "256m";
const LIMITS = ["--core=0", "--nofile=1024", "--fsize=1073741824", "--as=4294967296"];
const PROCESSES = "--nproc=4096";

/** Shows the sample in a folder that exists only in this mount namespace, then becomes nobody. */
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

/** How a program is kept from the rest of the host. The container runner has a fence of its own kind: the container. */
export interface Fence {
  /** Shown in the engine list and at start, e.g. `isolation: none`. */
  readonly description: string;
  /** Where the program finds the sample. */
  shown(sample: string): string;
  /** The folder it may write to, instead of its own. */
  readonly home: string | undefined;
  /** The command line that runs `argv` inside the fence, with a sample or without one. */
  wrap(argv: readonly string[], sample: string | null): readonly string[];
}

/** No fence: the program runs as the agent does, in a process group, folder and environment of its own. */
export const noFence: Fence = {
  description: "isolation: none",
  home: undefined,
  shown: (sample) => sample,
  wrap: (argv) => argv,
};

/** What a fence is looked for with. */
export interface FenceOptions {
  /** Whether the engine needs the network. */
  readonly internet: boolean;
  /** A private folder. */
  readonly folder: string;
  readonly programPath: string;
}

/** The strongest fence of this host: the first in which a program can read a sample. */
export async function findFence(options: FenceOptions): Promise<Fence> {
  for (const fence of fencesFor(options.internet)) if (await holds(fence, options)) return fence;
  return noFence;
}

/** A fence for a daemon that changes its user by itself: it has no network, and it may not dump its memory. */
export async function findDaemonFence(options: Omit<FenceOptions, "internet">): Promise<Fence> {
  for (const namespaces of [["--net"], ["--user", "--map-current-user", "--net"]]) {
    const fence: Fence = {
      ...noFence,
      description: "no network",
      wrap: (argv) => ["prlimit", "--core=0", "unshare", ...namespaces, "--", ...argv],
    };
    if (await holds(fence, { ...options, internet: false })) return fence;
  }
  return noFence;
}

function fencesFor(internet: boolean): Fence[] {
  const network = internet ? [] : ["--net"];
  const said = (user: string) => [user, internet ? "network" : "no network", "limits"].join(", ");
  const processes = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const asNobody: Fence = {
    description: said("user nobody"),
    home: INSIDE,
    shown: (sample) => join(INSIDE, basename(sample)),
    wrap: (argv, sample) => {
      const enter = ["sh", "-c", ENTER, "fence", sample ?? "", sample === null ? "" : basename(sample), ...argv];
      return ["prlimit", ...LIMITS, PROCESSES, "unshare", "--mount", ...processes, ...network, "--", ...enter];
    },
  };
  const asAgent = (namespaces: readonly string[]): Fence => ({
    ...noFence,
    description: said("the agent's user"),
    wrap: (argv) => {
      const unshare = ["unshare", "--user", "--map-current-user", ...namespaces, ...network, "--"];
      return ["prlimit", ...LIMITS, ...unshare, "setpriv", "--no-new-privs", "--", ...argv];
    },
  });
  return process.getuid?.() === 0 ? [asNobody] : [asAgent(processes), asAgent([])];
}

/** Whether a program in it reads what it is given. */
async function holds(fence: Fence, { folder, programPath }: FenceOptions): Promise<boolean> {
  const cwd = await mkdtemp(join(folder, "fence-"));
  try {
    const word = randomUUID();
    const sample = join(cwd, word);
    await writeFile(sample, word, { mode: 0o444 });
    const argv = fence.wrap(["cat", fence.shown(sample)], sample);
    const env = minimalEnvironment(programPath, cwd);
    const { exitCode, stdout } = await runCommand(argv, { cwd, env, timeoutMs: TRIAL_MS, maxOutput: 4_096 });
    return exitCode === 0 && stdout === word;
  } catch (error) {
    if (error instanceof Failed || error instanceof TimedOut) return false;
    throw error;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

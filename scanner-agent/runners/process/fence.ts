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
const LIMITS = ["--core=0", "--nofile=1024", "--fsize=1073741824"];
const ADDRESS_SPACE = 4 * 1024 ** 3;
const PROCESSES = "--nproc=4096";

/**
 * Mounts files and folders, read-only, in a folder that exists only in this mount namespace, becomes nobody and runs the command. Its
 * arguments: for each mount the path, its name inside and further mount options; then `--` and the command.
 */
const ENTER = `set -e
umask 022
mount -t tmpfs -o size=${SCRATCH},mode=1777,nosuid,nodev,noexec scanmesh ${INSIDE}
show() {
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "$(dirname "$2")"; : > "$2"; fi
  mount --bind "$1" "$2"
  mount -o "remount,bind,ro,nosuid,nodev,$3" "$2"
}
while [ "$1" != -- ]; do
  show "$1" "${INSIDE}/$2" "$3"
  shift 3
done
shift
cd ${INSIDE}
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"`;

/** A file or folder that a fenced program may read beside its sample. */
export interface Mount {
  readonly path: string;
  /** Its name inside, relative. */
  readonly as: string;
  /** It is a program, and may be run. */
  readonly isProgram?: true;
}

/** What a program needs beside its sample. */
export interface FencedNeeds {
  readonly mounts?: readonly Mount[];
  /** Bytes that it may address, where it needs more than others. */
  readonly addressSpace?: number;
}

/** How a local program is isolated from the rest of the host. */
export interface Fence {
  /** Shown in the list of engines, e.g. `isolation: none`. */
  readonly description: string;
  /** The path of the sample, or of a mount, as the program sees it. */
  innerPath(path: string, as?: string): string;
  /** The folder that the program may write to, instead of its own. */
  readonly home: string | undefined;
  /** The command line that runs `argv` inside the fence, with a sample or without one. */
  wrap(argv: readonly string[], sample: string | null, more?: FencedNeeds): readonly string[];
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

/**
 * The strongest fence that works on this host: the first in which a program can read a sample, or none at all: the program then runs
 * unfenced.
 */
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
    innerPath: (path, as = basename(path)) => join(INSIDE, as),
    wrap: (argv, sample, { mounts = [], addressSpace } = {}) => {
      const all = [...(sample === null ? [] : [{ path: sample, as: basename(sample) }]), ...mounts];
      const words = all.flatMap(({ path, as, isProgram }: Mount) => [path, as, isProgram ? "exec" : "noexec"]);
      const enter = ["sh", "-c", ENTER, "fence", ...words, "--", ...argv];
      return ["prlimit", ...limits(addressSpace), PROCESSES, "unshare", "--mount", ...processes, ...network, "--", ...enter];
    },
  };
  const asAgent = (namespaces: readonly string[]): Fence => ({
    ...noFence,
    description: describe("the agent's user"),
    wrap: (argv, _, { addressSpace } = {}) => {
      const unshare = ["unshare", "--user", "--map-current-user", ...namespaces, ...network, "--"];
      return ["prlimit", ...limits(addressSpace), ...unshare, "setpriv", "--no-new-privs", "--", ...argv];
    },
  });
  return process.getuid?.() === 0 ? [asNobody] : [asAgent(processes), asAgent([])];
}

function limits(addressSpace = ADDRESS_SPACE): string[] {
  return [...LIMITS, `--as=${addressSpace}`];
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

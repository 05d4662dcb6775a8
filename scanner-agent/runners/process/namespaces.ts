import { basename, join } from "node:path";
import {
  INSIDE,
  LIMITS,
  noFence,
  pathInside,
  PRIVATE_FOLDERS,
  RESOLVERS,
  userOf,
  type FenceOptions,
  type Mount,
  type PossibleFence,
} from "./fence.js";
import { allowedLimits, prlimit } from "./limits.js";
import type { FilterTool } from "./syscall-filter-file.js";

/** Where {@link INSIDE} is filled before it takes its place: sources may lie in all folders that will be hidden. */
const STAGE = "/tmp/.scanmesh";

/**
 * Makes the folders private, shows files and folders in them or in a folder that exists only in this mount namespace, and
 * runs the command. Its arguments: the size of each private folder; further folders to hide; for each mount the path, the target
 * and further mount options; then `--` and the command. The mounts are not entered in the host's table (`-n`), which only root
 * may write.
 */
const ENTER = `set -e
umask 022
size=$1 hidden=$2
shift 2
memory() { mount -n -t tmpfs -o "size=$size,mode=1777,nosuid,nodev$2" scanmesh "$1"; }
mount -n --rbind / ${INSIDE}
for folder in ${PRIVATE_FOLDERS.join(" ")} /run/lock $hidden; do
  if [ -d "$folder" ] && [ ! -L "$folder" ]; then memory "$folder"; fi
done
mkdir ${STAGE}
memory ${STAGE} ,noexec
show() {
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "$(dirname "$2")"; : > "$2"; fi
  mount -n --rbind "$1" "$2"
  mount -n -o "remount,bind,nosuid,nodev,$3" "$2"
}
while [ "$1" != -- ]; do
  show "${INSIDE}$1" "$2" "$3"
  shift 3
done
shift
umount -n -l ${INSIDE}
mount -n --move ${STAGE} ${INSIDE}
rmdir ${STAGE}
mount -n -o remount,bind,ro / 2> /dev/null || :
cd ${INSIDE}
exec "$@"`;

/** Closes user namespaces to everything inside this one. */
const CLOSE = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
const close = ["sh", "-c", CLOSE, "sh"];

const PROCESSES = ["--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"];
const OWN_USERS = ["unshare", "--user", "--map-current-user", "--keep-caps"];
const DROP = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"];

/** Fences made with util-linux's unshare and setpriv, the strongest first. */
export function namespaceFences(options: FenceOptions): PossibleFence[] {
  const network = options.internet ? [] : ["--net"];
  const user = userOf(options);
  const hidden = options.internet ? "" : RESOLVERS.join(" ");
  const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const fence = (
    as: string,
    namespaces: readonly string[],
    before: readonly string[],
    after: readonly string[],
  ): PossibleFence => ({
    user: as,
    hasPrivateFolders: true,
    hasFilter: false,
    isReadOnly: false,
    home: INSIDE,
    innerPath: pathInside,
    wrap: (argv, sample, { mounts = [], limits = LIMITS } = {}) => {
      const all: Mount[] = [...(sample === null ? [] : [{ path: sample, as: basename(sample) }]), ...mounts];
      const enter = [...enterWith(all, limits.tmp, hidden), ...before];
      return [
        ...namespaces,
        "--mount",
        ...PROCESSES,
        ...network,
        "--",
        ...enter,
        ...prlimit(allowedLimits(limits)),
        ...after,
        ...argv,
      ];
    },
  });
  const bare = (namespaces: readonly string[], before: readonly string[] = []): PossibleFence => ({
    ...noFence,
    user: "the agent's user",
    hasPrivateFolders: false,
    hasFilter: false,
    isReadOnly: false,
    wrap: (argv, _, { limits = LIMITS } = {}) => {
      const enter = [...OWN_USERS, ...namespaces, ...network, "--"];
      return [...enter, ...before, ...prlimit(allowedLimits(limits)), ...DROP, ...argv];
    },
  });
  const asRoot = [
    fence(`user ${user}`, ["unshare"], [...become, "--", ...OWN_USERS, "--", ...close], DROP),
    fence(`user ${user}`, ["unshare"], [], [...become, ...DROP.slice(1)]),
  ];
  const asAgent = [fence("the agent's user", OWN_USERS, close, DROP), bare(PROCESSES, close), bare([], close), bare([])];
  return process.getuid?.() === 0 ? [...asRoot, ...asAgent] : asAgent;
}

/** Fences for a daemon that changes its user by itself and has a folder in which it is spoken to, the strongest first. */
export function daemonFences(filter: FilterTool | undefined): PossibleFence[] {
  const asRoot = process.getuid?.() === 0;
  // The daemon keeps the capabilities by which it changes its user. Bubblewrap without root takes none, and makes a user namespace.
  const keep = asRoot ? ["--cap-add", "ALL"] : [];
  const drop = asRoot ? ["setpriv", "--no-new-privs", "--"] : DROP;
  const filtered = (tool: FilterTool, namespaces: readonly string[]): PossibleFence => ({
    ...fence(namespaces),
    hasFilter: true,
    wrap: (argv, sample, needs) => {
      const enter = [...drop, ...tool.enter, "--dev-bind", "/", "/", ...keep, "--die-with-parent", "--"];
      return tool.wrap(fence(namespaces).wrap([...enter, ...argv], sample, needs));
    },
  });
  const fence = (namespaces: readonly string[]): PossibleFence => ({
    ...noFence,
    user: "its own user",
    hasPrivateFolders: true,
    hasFilter: false,
    isReadOnly: false,
    wrap: (argv, sample, { mounts = [], limits = LIMITS } = {}) => {
      const all: Mount[] = [...(sample === null ? [] : [{ path: sample }]), ...mounts];
      const enter = enterWith(all, limits.tmp, RESOLVERS.join(" "));
      return [
        "prlimit",
        "--core=0",
        ...namespaces,
        "--mount",
        "--ipc",
        "--net",
        "--",
        ...enter,
        "setpriv",
        "--no-new-privs",
        "--",
        ...argv,
      ];
    },
  });
  const bare = (namespaces: readonly string[]): PossibleFence => ({
    ...fence(namespaces),
    hasPrivateFolders: false,
    wrap: (argv) => ["prlimit", "--core=0", ...namespaces, "--net", "--", ...argv],
  });
  const kinds = asRoot ? [["unshare"], OWN_USERS] : [OWN_USERS];
  return kinds.flatMap((namespaces) => [...(filter ? [filtered(filter, namespaces)] : []), fence(namespaces), bare(namespaces)]);
}

/** The words before a command that runs where the mounts are shown. */
function enterWith(mounts: readonly Mount[], size: number, hidden: string): string[] {
  const words = mounts.flatMap((mount) => {
    const options = [mount.isWritable ? "rw" : "ro", mount.isProgram ? "exec" : "noexec"];
    return [mount.path, targetOf(mount), options.join(",")];
  });
  return ["sh", "-c", ENTER, "fence", String(size), hidden, ...words, "--"];
}

function targetOf({ path, as }: Mount): string {
  if (as !== undefined) return join(STAGE, as);
  return path.startsWith(`${INSIDE}/`) ? join(STAGE, path.slice(INSIDE.length)) : path;
}

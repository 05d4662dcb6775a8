import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  INSIDE,
  LIMITS,
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

const NAMESPACES = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"];
const BECOME = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"];

/** The fence made by Bubblewrap, with a system-call filter. */
export function bubblewrapFence(filter: FilterTool, options: FenceOptions): PossibleFence {
  const { internet } = options;
  const user = userOf(options);
  const hidden = internet ? [] : RESOLVERS.filter((path) => existsSync(path));
  const asRoot = process.getuid?.() === 0;
  const identity = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
  const become = asRoot ? ["setpriv", ...identity, "--"] : [];
  const rights = asRoot ? ["--cap-drop", "ALL", ...BECOME] : ["--unshare-user"];
  const network = internet ? [] : ["--unshare-net"];
  return {
    user: asRoot ? `user ${user}` : "the agent's user",
    hasPrivateFolders: true,
    hasFilter: true,
    isReadOnly: true,
    home: INSIDE,
    innerPath: pathInside,
    wrap(argv, sample, { mounts = [], limits = LIMITS } = {}) {
      const all: Mount[] = [...(sample === null ? [] : [{ path: sample, as: basename(sample) }]), ...mounts];
      const memory = (path: string) => ["--perms", "1777", "--size", String(limits.tmp), "--tmpfs", path];
      const folders = [...PRIVATE_FOLDERS, INSIDE, ...hidden].flatMap(memory);
      const root = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];
      const shown = all.flatMap(({ path, as }) => show(path, as === undefined ? path : join(INSIDE, as)));
      const enter = [...filter.enter, ...NAMESPACES, ...network, ...rights, ...root, ...folders, ...shown];
      const inside = [...prlimit(allowedLimits(limits)), ...become, ...argv];
      return filter.wrap([...enter, "--chdir", INSIDE, "--", ...inside]);
    },
  };
}

/** Folders that Bubblewrap makes by itself are closed to others. */
function show(path: string, target: string): string[] {
  const root = [INSIDE, ...PRIVATE_FOLDERS].find((folder) => target.startsWith(`${folder}/`)) ?? "";
  const names = dirname(target.slice(root.length))
    .split("/")
    .filter((name) => root !== "" && name !== "");
  const folders = names.map((_, index) => join(root, ...names.slice(0, index + 1)));
  return [...folders.flatMap((folder) => ["--perms", "0755", "--dir", folder]), "--ro-bind", path, target];
}

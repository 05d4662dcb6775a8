import { copyFileSync, linkSync, unlinkSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { projectPath } from "../../../schema/paths.js";
import type { ProcessLimits } from "../../../schema/process-run.js";
import { hasCode } from "../../contract.js";
import { awaitEnd } from "../../within.js";
import type { Fence, Mount } from "./fence.js";
import { minimalEnvironment, spawnGuarded, type GuardedProcess } from "./guard.js";
import { findShown } from "./shown-paths.js";

/** How long such a process may take to start. */
export const NODE_START_MS = 20_000;
/** A process that the system does not end (it waits for a disk, say) is left behind. */
const END_MS = 5_000;
/** How much is kept of what it printed last. */
const LAST_WORDS = 500;

/** A file as a fenced process sees it. */
export interface ShownFile {
  readonly path: string;
  /** Takes it away again. */
  remove(): void;
}

/** A process of ours in Node that reads samples, with a channel for messages. */
export interface FencedNode extends GuardedProcess {
  /** Shows it one more file, which may be removed elsewhere from now on. */
  show(path: string): ShownFile;
  /** Says that it ended: `how`, and what it printed last. */
  describeEnd(how: string): string;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

/** What is started. */
export interface NodeProgram {
  /** Completes the name of its folder. */
  readonly name: string;
  /** A private folder. */
  readonly folder: string;
  readonly programPath: string;
  readonly flags: readonly string[];
  /** Its compiled file, below the project's folder. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Files and folders below the project's folder that it reads. */
  readonly reads: readonly string[];
  readonly limits: ProcessLimits;
}

/** Starts Node in a fence. */
export async function startNode(fence: Fence, options: NodeProgram): Promise<FencedNode> {
  const { name, folder, programPath, flags, program, args = [], reads, limits } = options;
  const home = await mkdtemp(join(folder, `${name}-`));
  // A folder, so that one process can be shown one file after the other.
  const files = join(home, "files");
  await mkdir(files, { mode: 0o755 });
  const node: Mount = { path: process.execPath, as: "node", isProgram: true };
  const project = await Promise.all(
    ["package.json", ...reads].map(async (path) => ({ path: await realpath(projectPath(path)), as: join("project", path) })),
  );
  const mounts = [node, ...project, { path: files, as: "files" }, ...(await findShown([], programPath))];
  const argv = [
    fence.innerPath(node.path, node.as),
    ...flags,
    fence.innerPath(projectPath(program), join("project", program)),
    ...args,
  ];
  const env = minimalEnvironment(programPath, fence.home ?? home);
  const guarded = spawnGuarded(fence.wrap(argv, null, { mounts, limits }), { cwd: home, env, ipc: true });
  const closed = new Promise<void>((resolve) => guarded.process.once("error", () => resolve()).once("close", () => resolve()));
  let words = "";
  guarded.process.stdout?.resume();
  guarded.process.stderr?.on("data", (text: Buffer) => (words = (words + text.toString("utf8")).slice(-LAST_WORDS)));
  let count = 0;
  return {
    ...guarded,
    show(path) {
      if (fence.home === undefined) return { path, remove: () => undefined };
      const shown = `file-${++count}`;
      linkOrCopySync(path, join(files, shown));
      return { path: join(fence.innerPath(files, "files"), shown), remove: () => removeIfThere(join(files, shown)) };
    },
    describeEnd(how) {
      const last = words.trim().split("\n").at(-1);
      return `its process ended (${[how, last].filter(Boolean).join(": ")})`;
    },
    async end() {
      guarded.kill();
      await awaitEnd(END_MS, closed);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A file by another name. A link, where the file system has them. */
export function linkOrCopySync(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasCode(error, "EPERM", "EXDEV", "ENOTSUP", "EMLINK")) throw error;
    copyFileSync(from, to);
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

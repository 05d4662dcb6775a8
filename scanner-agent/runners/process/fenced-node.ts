import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { projectPath } from "../../../schema/paths.js";
import { sendLine } from "../../processes/process-channel.js";
import { awaitEnd } from "../../within.js";
import type { Fence, Mount } from "./fence.js";
import { minimalEnvironment, spawnGuarded } from "./guard.js";
import {
  createInbox,
  createLastWords,
  createReceiver,
  createShow,
  untilReady,
  type NodeProcess,
  type NodeProgram,
} from "./node-process.js";
import { retryLostMount } from "./lost-mount.js";
import { findShown } from "./shown-paths.js";

/** A process that the system does not end (it may be waiting for a disk) is left behind. */
const END_MS = 5_000;

/** Makes what the agent writes its standard input, which no fence passes on. */
const WITH_INPUT = ["/bin/sh", "-c", 'exec "$@" <&3 3<&-', "sh"];

/** Starts Node in a fence. Throws {@link Unavailable}. */
export async function startFencedNode(fence: Fence, options: NodeProgram, log: Logger): Promise<NodeProcess> {
  return await retryLostMount(() => startOnce(fence, options, log));
}

async function startOnce(fence: Fence, options: NodeProgram, log: Logger): Promise<NodeProcess> {
  const { name, folder, programPath, flags, program, files = [], reads, limits, maxMessage } = options;
  const home = await mkdtemp(join(folder, `${name}-`));
  // A folder, so that more files can be shown to the process later.
  const shown = join(home, "files");
  await mkdir(shown, { mode: 0o755 });
  const node: Mount = { path: process.execPath, as: "node", isProgram: true };
  const project = await Promise.all(
    ["package.json", ...reads].map(async (path) => ({ path: await realpath(projectPath(path)), as: join("project", path) })),
  );
  const mounts = [node, ...project, { path: shown, as: "files" }, ...(await findShown([], programPath))];
  const inside = (file: string) => fence.innerPath(file, join("project", relative(projectPath(), file)));
  const argv = [...WITH_INPUT, fence.innerPath(node.path, node.as), ...flags, inside(projectPath(program)), ...files.map(inside)];
  const env = minimalEnvironment(programPath, fence.home ?? home);
  const guarded = spawnGuarded(fence.wrap(argv, null, { mounts, limits }), { cwd: home, env, hasInput: true });
  const { process: child } = guarded;
  const inbox = createInbox();
  const words = createLastWords();
  const input = child.stdio[3] as Duplex;
  // The end follows the error, and is seen only by reading.
  input.on("error", () => undefined).resume();
  child.stdout?.on("data", createReceiver(inbox, { words, maxMessage, end: guarded.kill }));
  child.stderr?.on("data", words.add);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(words.describeEnd(error.message)));
    child.once("close", (code, signal) => resolve(words.describeEnd(signal ?? `exit code ${code}`)));
  });
  const remove = () => rm(home, { recursive: true, force: true });
  const removed = ended.then(remove);
  // It may end by itself without anybody stopping it.
  removed.catch((error: unknown) =>
    log.warn({ err: error, folder: home }, "Cannot remove the folder of a process that has ended"),
  );
  const started = {
    isolation: fence.description,
    send(message: unknown, attached?: Uint8Array) {
      if (input.writable) sendLine(input, message, attached);
    },
    show: fence.home === undefined ? showAsItIs : createShow(shown, fence.innerPath(shown, "files")),
    ended,
    describeEnd: words.describeEnd,
    kill: guarded.kill,
    async stop() {
      guarded.kill();
      await ((await awaitEnd(END_MS, ended)) === undefined ? removed : remove());
    },
  };
  return await untilReady(started, inbox, options);
}

const showAsItIs = (path: string) => ({ path, remove: () => undefined });

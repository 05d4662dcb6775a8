import { createHash } from "node:crypto";
import { chown, lstat, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode, TimedOut, Unavailable } from "../../contract.js";
import { commandLine, signal } from "../../process-table.js";
import { within } from "../../within.js";
import { clamavUser, clamdConf, pidFileOf, socketOf, type ClamdConfig } from "./config.js";
import { command, NotListening } from "./protocol.js";
import { noFence, type Fence } from "../process/fence.js";
import { bareEnvironment, spawnGuarded, type Guarded } from "../process/guard.js";

const START_TIMEOUT_MS = 180_000;
const PING_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
const LAST_LINES = 8;

/** A running clamd. */
export interface Daemon {
  readonly socketPath: string;
  /** Resolves with what it said last when it has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** What the daemon is for; `owner` tells its folders from those of other agents. */
export type DaemonOptions = Omit<ClamdConfig, "folder" | "user"> & {
  readonly program: string;
  readonly owner: string;
  readonly fence?: Fence;
};

/** Starts clamd in a folder of its own and waits until it answers. Throws {@link Unavailable}. */
export async function startDaemon({ program, owner, fence = noFence, ...config }: DaemonOptions): Promise<Daemon> {
  const user = await clamavUser();
  // A Unix socket's path is short, and the user clamd becomes must reach it: the spool may offer neither.
  const folder = await mkdtemp(join(tmpdir(), folderPrefix(owner)));
  const file = join(folder, "clamd.conf");
  await writeFile(file, clamdConf({ ...config, folder, user: user?.name }));
  if (user !== undefined) await chown(folder, user.uid, user.gid);

  const guarded = spawnGuarded(fence.wrap([program, `--config-file=${file}`], null), {
    cwd: folder,
    env: bareEnvironment("", folder),
  });
  const ended = lastWords(guarded);
  const stop = async () => {
    guarded.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const daemon: Daemon = { socketPath: socketOf(folder), ended, stop };
  try {
    await answers(daemon);
    return daemon;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whether it answers to PING. */
export async function isAnswering(daemon: Daemon): Promise<boolean> {
  const conversation = command(daemon.socketPath, "PING");
  try {
    return (await within(PING_TIMEOUT_MS, conversation.reply)) === "PONG\0";
  } catch (error) {
    if (error instanceof Unavailable || error instanceof TimedOut) return false;
    throw error;
  } finally {
    conversation.hangUp();
  }
}

async function answers(daemon: Daemon): Promise<void> {
  let over: string | undefined;
  void daemon.ended.then((words) => (over = words));
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await pause(POLL_MS)) {
    if (over !== undefined) throw new Unavailable(`clamd does not start: ${over}`);
    if (await isAnswering(daemon)) return;
  }
  throw new NotListening(`clamd does not answer ${START_TIMEOUT_MS / 1000} s after its start`);
}

function lastWords({ process: child }: Guarded): Promise<string> {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      lines.push(...text.split("\n").filter((line) => line.trim() !== ""));
      lines.splice(0, lines.length - LAST_LINES);
    });
  }
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => {
      const errors = lines.filter((line) => /error/i.test(line)).join("; ");
      resolve((errors || lines.at(-1) || `exit status ${code}`).slice(0, 500));
    });
  });
}

/** Ends what a dead agent of the same spool left behind. Its guard did so already, unless that was killed as well. */
export async function removeStaleDaemons(owner: string): Promise<void> {
  const ours = new Set([process.getuid?.(), (await clamavUser())?.uid]);
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(folderPrefix(owner)));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const { uid } = await lstat(folder);
    if (!ours.has(uid)) continue;
    const pid = await pidIn(folder);
    if (pid !== undefined && (await commandLine(pid)).some((word) => word.includes(folder))) signal(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

async function pidIn(folder: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(pidFileOf(folder), "utf8"), 10);
    return pid > 1 ? pid : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** How the folders of an owner's daemons begin. */
export function folderPrefix(owner: string): string {
  return `scanmesh-clamd-${createHash("sha256").update(owner).digest("hex").slice(0, 12)}-`;
}

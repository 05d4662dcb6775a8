import { createHash } from "node:crypto";
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hasCode } from "../../contract.js";
import { commandLine, signal } from "../../process-table.js";
import { clamavUser, clamdConf, pidFile, socketFile, type ClamdConfig } from "./config.js";
import { untilAnswering } from "../conversation.js";
import { isAnswering } from "./protocol.js";
import { noFence, type Fence } from "../process/fence.js";
import { minimalEnvironment, spawnGuarded, type GuardedProcess } from "../process/guard.js";

const START_TIMEOUT_MS = 180_000;
const POLL_MS = 50;
const LAST_LINES = 8;

/** A clamd that this agent started. */
export interface ClamdProcess {
  readonly socketPath: string;
  /** Resolves with its last words when it has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** How clamd is started; `owner` tells its folders from those of other agents. */
export type ClamdProcessOptions = Omit<ClamdConfig, "folder" | "user" | "selfCheck"> & {
  /** The files of the database that clamd is shown, if it must not see the folder itself. */
  readonly only?: readonly string[] | undefined;
  readonly program: string;
  readonly owner: string;
  readonly fence?: Fence;
};

/** Starts clamd in a folder of its own and waits until it answers. Throws {@link Unavailable}. */
export async function startClamd({
  program,
  owner,
  fence = noFence,
  only,
  ...config
}: ClamdProcessOptions): Promise<ClamdProcess> {
  const user = await clamavUser();
  // A Unix socket's path is short, and the user clamd becomes must reach it: the spool may offer neither.
  const folder = await mkdtemp(join(tmpdir(), folderPrefix(owner)));
  const file = join(folder, "clamd.conf");
  const database = only === undefined ? config.database : await linkSignatures(config.database, only, folder);
  // Links to files that an updater replaces dangle for a while: clamd must not look then.
  const selfCheck = only === undefined;
  await writeFile(file, clamdConf({ ...config, database, selfCheck, folder, user: user?.name }));
  if (user !== undefined) await chown(folder, user.uid, user.gid);

  const guarded = spawnGuarded(fence.wrap([program, `--config-file=${file}`], null), {
    cwd: folder,
    env: minimalEnvironment("", folder),
  });
  const ended = readLastWords(guarded);
  const stop = async () => {
    guarded.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const socketPath = socketFile(folder);
  try {
    const starting = { ended, isAnswering: () => isAnswering(socketPath) };
    await untilAnswering(starting, { name: "clamd", timeoutMs: START_TIMEOUT_MS, pollMs: POLL_MS });
    return { socketPath, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes a folder that has only these signatures. */
async function linkSignatures(database: string, files: readonly string[], parent: string): Promise<string> {
  const folder = join(parent, "signatures");
  await mkdir(folder);
  for (const file of files) await symlink(resolve(database, file), join(folder, file));
  return folder;
}

/** What a process printed last, once it has ended: its errors, else its last line, else its exit status. */
function readLastWords({ process: child }: GuardedProcess): Promise<string> {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      // Not by readline: it keeps a line of any length, and hostile samples decide what is printed.
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

/** Ends the daemons that an agent with the same spool left when it was killed together with their guards. */
export async function removeStaleDaemons(owner: string): Promise<void> {
  const users = new Set([process.getuid?.(), (await clamavUser())?.uid]);
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(folderPrefix(owner)));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const { uid } = await lstat(folder);
    if (!users.has(uid)) continue;
    const pid = await readPid(folder);
    if (pid !== undefined && (await commandLine(pid)).some((word) => word.includes(folder))) signal(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

async function readPid(folder: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(pidFile(folder), "utf8"), 10);
    return pid > 1 ? pid : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The prefix of the folders of an owner's daemons. */
export function folderPrefix(owner: string): string {
  return `scanmesh-clamd-${createHash("sha256").update(owner).digest("hex").slice(0, 12)}-`;
}

import { createHash } from "node:crypto";
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hasCode } from "../../contract.js";
import { commandLine, signal } from "../../processes/process-table.js";
import { clamavUser, clamdConf, logFile, pidFile, socketFile, type ClamdConfig } from "./config.js";
import type { Signatures } from "./database.js";
import { untilAnswering } from "../conversation.js";
import { isAnswering } from "./protocol.js";
import { noFence, type Fence, type Mount } from "../process/fence.js";
import { minimalEnvironment, spawnGuarded } from "../process/guard.js";
import { retryLostMount } from "../process/lost-mount.js";
import { findAround } from "../process/shown-paths.js";
import { readOutput } from "./output.js";
import { awaitEnd } from "../../within.js";

const LOAD_TIMEOUT_MS = 180_000;
const POLL_MS = 50;
/** The file that names signatures to ignore. */
const IGNORED = "suppressed-in-scanmesh.ign2";
/** A process that the system does not end (it may be waiting for a disk) is left behind. */
const END_MS = 10_000;

/** A clamd that this agent started. */
export interface ClamdProcess {
  readonly socketPath: string;
  /** Resolves with its last words when it has ended. */
  readonly ended: Promise<string>;
  /** What it said while it started. */
  readonly said: string;
  stop(): Promise<void>;
}

/** How clamd is started; `owner` tells its folders from those of other agents. */
export type ClamdProcessOptions = Omit<ClamdConfig, "folder" | "user" | "database"> & {
  readonly signatures: Signatures;
  readonly program: string;
  readonly owner: string;
  readonly fence?: Fence;
  /** Ends it while it is being started. */
  readonly signal?: AbortSignal;
};

/** Starts clamd in a folder of its own and waits until it answers. Throws {@link Unavailable}. */
export async function startClamd(options: ClamdProcessOptions): Promise<ClamdProcess> {
  return await retryLostMount(() => startOnce(options));
}

async function startOnce({
  program,
  owner,
  fence = noFence,
  signatures,
  signal,
  ...config
}: ClamdProcessOptions): Promise<ClamdProcess> {
  const user = await clamavUser();
  // A Unix socket's path must be short, and readable for the user that clamd becomes: the spool may be neither.
  const folder = await mkdtemp(join(tmpdir(), folderPrefix(owner)));
  const file = join(folder, "clamd.conf");
  const database = join(folder, "signatures");
  await linkSignatures(signatures, database);
  await writeFile(file, clamdConf({ ...config, database, folder, user: user?.name }));
  if (user !== undefined) await chown(folder, user.uid, user.gid);

  const mounts: Mount[] = [...findAround(signatures.folder), { path: folder, isWritable: true }];
  const guarded = spawnGuarded(fence.wrap([program, `--config-file=${file}`], null, { mounts }), {
    cwd: folder,
    env: minimalEnvironment("", folder),
  });
  const output = readOutput(guarded, (line) => line.replaceAll(database, signatures.folder));
  signal?.addEventListener("abort", guarded.kill, { once: true });
  if (signal?.aborted) guarded.kill();
  const stop = async () => {
    guarded.kill();
    await awaitEnd(END_MS, output.ended);
    await rm(folder, { recursive: true, force: true });
  };
  const socketPath = socketFile(folder);

  try {
    const starting = { ended: output.ended, isAnswering: () => isAnswering(socketPath) };
    await untilAnswering(starting, { name: "clamd", timeoutMs: LOAD_TIMEOUT_MS, pollMs: POLL_MS });
    const said = [...output.first(), await readLog(folder)].join("\n");
    return { socketPath, ended: output.ended, said, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Empty if it cannot be read: it is shown to people only. */
async function readLog(folder: string): Promise<string> {
  try {
    return await readFile(logFile(folder), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES")) return "";
    throw error;
  }
}

/** Makes a folder that has only these signatures: clamd would wait for ever on a folder or pipe with a signature's name. */
async function linkSignatures({ folder, files, ignored = [] }: Signatures, into: string): Promise<void> {
  await mkdir(into);
  for (const file of files) if (file !== IGNORED) await symlink(resolve(folder, file), join(into, file));
  if (ignored.length > 0) await writeFile(join(into, IGNORED), `${ignored.flatMap(ignoredNames).join("\n")}\n`, { mode: 0o644 });
}

/** ClamAV reports YARA rules with a prefix, but ignores them only without it. */
function ignoredNames(signature: string): string[] {
  const rule = /^YARA\.(.+)/.exec(signature)?.[1];
  return rule === undefined ? [signature] : [signature, rule];
}

/** Ends the daemons that an agent with the same spool left behind when it and their guards were killed. */
export async function removeStaleDaemons(owner: string): Promise<void> {
  const users = new Set([process.getuid?.(), (await clamavUser())?.uid]);
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(folderPrefix(owner)));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const uid = await ownerOf(folder);
    if (uid === undefined || !users.has(uid)) continue;
    const pid = await readPid(folder);
    if (pid !== undefined && (await commandLine(pid)).some((word) => word.includes(folder))) signal(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined if the folder is gone: whoever stops a daemon removes its folder. */
async function ownerOf(folder: string): Promise<number | undefined> {
  try {
    return (await lstat(folder)).uid;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
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

/** The embedded nats-server: on loopback, in operator mode, with its data in one folder. */

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startGuarded, waitUntilReady, type GuardedServer } from "./guarded-server.js";
import type { Keys } from "./keys.js";
import { openLog } from "./log.js";
import { natsConfig, urlHost } from "./nats-config.js";
import { choosePort, savePort } from "./ports.js";
import { findProgram } from "./programs.mjs";
import { OperatorError } from "../schema/operator-error.js";
import { whenMissing } from "./when-missing.js";

/** The oldest nats-server that works. */
export const OLDEST_NATS = "2.9.10";
const STOP_SIGNALS = [
  { signal: "SIGINT", afterMs: 0 },
  { signal: "SIGKILL", afterMs: 4_000 },
] as const;
const DISK_SHARE = 0.8;
/**
 * What streams may reserve of the room at the first start. The limit never falls below it, however full the disk is by then:
 * a server whose limit is less than its streams reserve starts without them.
 */
const RESERVABLE_SHARE = 0.5;

/** Where and how. */
export interface NatsOptions {
  /** Folder of its data and configuration; made if it does not exist. */
  readonly dir: string;
  readonly keys: Keys;
  /** By default the one of last time, or any free one. */
  readonly port?: number;
  /** Where it listens encrypted for other hosts; by default unencrypted on loopback. */
  readonly open?: NatsListener | undefined;
  /** By default `nats.log` in `dir`. */
  readonly logFile?: string;
  /** By default {@link natsRoom} of `dir`. */
  readonly room?: NatsRoom;
}

/** A listener for other hosts. */
export interface NatsListener {
  /** The address that it listens on. */
  readonly host: string;
  readonly port: number;
  /** How it is reached on this machine: a name or an address that the certificate is for. */
  readonly name: string;
  readonly tls: { readonly cert: string; readonly key: string };
}

/** How much the server may keep, in bytes. */
export interface NatsRoom {
  /** Free on the disk now. */
  readonly free: number;
  /** All that it may use. */
  readonly limit: number;
  /** What streams may reserve together by their `max_bytes`; the same at every start. */
  readonly reservable: number;
}

/** A running nats-server. */
export interface Nats extends GuardedServer {
  readonly url: string;
  readonly version: string;
  /** Has it read its configuration and certificate again. */
  reload(): void;
}

/** Measures the room in a folder; made if it does not exist. */
export async function natsRoom(dir: string): Promise<NatsRoom> {
  const storeDir = storeOf(dir);
  await mkdir(storeDir, { recursive: true, mode: 0o700 });
  const free = await freeBytes(dir);
  const room = Math.floor(DISK_SHARE * (free + (await usedBytes(storeDir))));
  const reservable = (await readOrWriteNumber(join(dir, "room"), room)) * RESERVABLE_SHARE;
  return { free, limit: Math.max(room, reservable), reservable };
}

function storeOf(dir: string): string {
  return join(dir, "store");
}

/** Starts nats-server and returns when it takes connections. Throws {@link OperatorError}. */
export async function startNats(options: NatsOptions): Promise<Nats> {
  const { dir, keys } = options;
  const { program, version } = await findNats();
  const portFile = join(dir, "port");
  const [storeDir, resolverDir, portsDir] = [storeOf(dir), join(dir, "accounts"), join(dir, "ports")];
  for (const folder of [dir, storeDir, resolverDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(portsDir, { recursive: true, force: true });
  await mkdir(portsDir, { mode: 0o700 });

  const { open } = options;
  const port = open?.port ?? options.port ?? (await choosePort(portFile));
  const configFile = join(dir, "nats.conf");
  const { limit: maxFileStore } = options.room ?? (await natsRoom(dir));
  const host = open?.host ?? "127.0.0.1";
  const folders = { storeDir, resolverDir, portsDir };
  const settings = { host, port, ...folders, maxFileStore, serverName: "scanmesh", tls: open?.tls };
  await writeFile(configFile, natsConfig(keys, settings), { mode: 0o600 });

  const log = openLog(options.logFile ?? join(dir, "nats.log"));
  const server = await startGuarded({ command: program, args: ["-c", configFile], stopSignals: STOP_SIGNALS }, log);
  if (!(await waitUntilReady(server, () => isReady(portsDir)))) {
    throw new OperatorError(`nats-server did not start: ${log.lastError()} (see ${log.file}).`);
  }
  if (!open) await savePort(portFile, port);
  const url = open ? `tls://${urlHost(open.name)}:${port}` : `nats://127.0.0.1:${port}`;
  return { url, version, ...server, reload: () => void process.kill(server.pid, "SIGHUP") };
}

/** The nats-server of this machine. Throws {@link OperatorError} if there is none, or only one that is too old. */
export async function findNats(): Promise<{ program: string; version: string }> {
  const program = findProgram("nats-server");
  if (program === undefined) {
    throw new OperatorError(
      "nats-server is not installed: install it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server), " +
        "or set NATS_URL to the address of one that runs.",
    );
  }
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  const version = /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new OperatorError(`${program} does not tell its version; at least ${OLDEST_NATS} is needed.`);
  if (isOlder(version, OLDEST_NATS)) {
    throw new OperatorError(`${program} is version ${version}; at least ${OLDEST_NATS} is needed.`);
  }
  return { program, version };
}

/** Whether version `a` is older than version `b`. */
export function isOlder(a: string, b: string): boolean {
  return a.localeCompare(b, "en", { numeric: true }) < 0;
}

/**
 * Whether a nats-server of this version reads its certificate again when a gateway, which sees it change, asks for that; older ones do so
 * by a signal alone.
 */
export function takesReloadRequests(version: string): boolean {
  return !isOlder(version, "2.10.0");
}

/** The server writes its ports file when it takes connections. */
async function isReady(portsDir: string): Promise<boolean> {
  return (await readdir(portsDir)).some((file) => file.endsWith(".ports"));
}

/** The number in a file; without one, `value` is written there. */
async function readOrWriteNumber(file: string, value: number): Promise<number> {
  const text = await readFile(file, "utf8").catch(whenMissing(""));
  const number = Number.parseInt(text, 10);
  if (number > 0) return number;
  await writeFile(file, `${value}\n`, { mode: 0o600 });
  return value;
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

async function usedBytes(dir: string): Promise<number> {
  const { stdout } = await promisify(execFile)("du", ["-sk", dir]);
  return Number.parseInt(stdout, 10) * 1024;
}

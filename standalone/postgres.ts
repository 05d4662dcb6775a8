/** The embedded Postgres: on loopback, with a password, its data in one folder. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startGuarded, waitUntilReady, type GuardedServer } from "./guarded-server.js";
import { openLog } from "./log.js";
import { choosePort, savePort } from "./ports.js";
import { postgresBinaries } from "./postgres-binaries.js";
import { openData, openFolder, readOrCreatePassword, SUPERUSER } from "./postgres-folder.js";
import { postgresUser } from "./postgres-user.js";
import { OperatorError } from "../schema/operator-error.js";
import { whenMissing } from "./when-missing.js";

/** Fast shutdown; if that hangs, immediate shutdown, from which it recovers at its next start. */
const STOP_SIGNALS = [
  { signal: "SIGINT", afterMs: 0 },
  { signal: "SIGQUIT", afterMs: 3_000 },
  { signal: "SIGKILL", afterMs: 4_000 },
] as const;
/** The line of postmaster.pid that tells how far the start is. */
const STATUS_LINE = 7;

/** Where and how. */
export interface PostgresOptions {
  /** Folder of its data; made if it does not exist. Under root every folder above must be passable, or it becomes a link. */
  readonly dir: string;
  /** By default the one of last time, or any free one. */
  readonly port?: number;
  /** By default `postgres.log` in `dir`. */
  readonly logFile?: string;
}

/** A running Postgres. */
export interface Postgres extends GuardedServer {
  /** Address with user and password, of a database that exists. */
  readonly url: string;
  /** Where its data is: `dir`, or the folder that `dir` leads to. */
  readonly folder: string;
}

/** Starts Postgres and returns when it takes connections. Throws {@link OperatorError}. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const user = await postgresUser();
  const binaries = await postgresBinaries(user);
  const folder = await openFolder(options.dir, user);
  const data = await openData(folder, binaries, user);
  const portFile = join(folder, "port");
  const port = options.port ?? (await choosePort(portFile));

  const log = openLog(options.logFile ?? join(folder, "postgres.log"));
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    logging_collector: "off",
    max_connections: 100,
  };
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const command = { command: binaries.postgres, args, stopSignals: STOP_SIGNALS, ...(user === undefined ? {} : { user }) };
  const server = await startGuarded(command, log);
  if (!(await waitUntilReady(server, () => isReady(data, server.pid)))) {
    throw new OperatorError(`Postgres did not start: ${log.lastError()} (see ${log.file}).`);
  }
  await savePort(portFile, port);
  return { url: `postgres://${SUPERUSER}:${await readOrCreatePassword(folder)}@127.0.0.1:${port}/postgres`, folder, ...server };
}

async function isReady(data: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(whenMissing(""))).split("\n");
  return lines[0] === String(pid) && lines[STATUS_LINE]?.trim() === "ready";
}

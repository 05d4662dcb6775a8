import { randomUUID } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { openCaller } from "../gateway/caller.js";
import { openDatabase, type Database } from "../gateway/db/database.js";
import { migrate } from "../gateway/db/migrations.js";
import type { CertificateConfig } from "../gateway/join/token-lines.js";
import { findRunningMesh, type MeshFile } from "../standalone/home.js";
import { readOrCreatePassword, SUPERUSER } from "../standalone/postgres-folder.js";
import { startPostgres } from "../standalone/postgres.js";
import { say } from "./command.js";
import { readDatabaseConfig } from "./config.js";

/** The mesh's database, as a command that needs nothing else of the mesh reaches it. */
export interface MeshDatabase {
  readonly url: string;
  /** Whose it is, for people. */
  readonly mesh: string;
  /** Where its gateway listens, as far as is known. */
  readonly gateway?: string | undefined;
  /** By which certificate hosts know that gateway, as far as is known. */
  readonly certificate?: CertificateConfig | undefined;
  /** Whether it is known that it runs without asking its callers for keys. */
  readonly isOpen: boolean;
  /** Stops it if it was started for this command. */
  stop(): Promise<void>;
}

/** A database's address without the secrets in it. */
function placeOf(url: string): string {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "", pathname: "" };
  return host === "" ? "the database that is named" : `${host}${pathname}`;
}

/** The database that is named; else the embedded one, which is started for the command if the mesh does not run. */
export async function meshDatabase(named?: string): Promise<MeshDatabase> {
  const { home, databaseUrl } = readDatabaseConfig();
  const url = named ?? databaseUrl;
  if (url !== undefined) return { url, mesh: `the mesh on ${placeOf(url)}`, isOpen: false, stop: async () => {} };
  const mesh = `the mesh in ${home}`;
  const dir = join(home, "postgres");
  const running = await findRunningMesh(home);
  if (running) {
    const folder = await realpath(dir);
    const port = (await readFile(join(folder, "port"), "utf8")).trim();
    return {
      url: `postgres://${SUPERUSER}:${await readOrCreatePassword(folder)}@127.0.0.1:${port}/postgres`,
      mesh,
      gateway: running.hostsUrl ?? running.url ?? undefined,
      certificate: certificateOf(running),
      isOpen: !running.requiresKeys,
      stop: async () => {},
    };
  }
  return { ...(await startPostgres({ dir })), mesh, isOpen: false };
}

function certificateOf({ hostsUrl, certificate, authority }: MeshFile): CertificateConfig | undefined {
  if (hostsUrl === undefined || certificate === undefined) return undefined;
  return { https: { certFile: certificate, port: Number(new URL(hostsUrl).port || 443) }, authorityFile: authority };
}

/** Does something in the mesh's database, which is brought up to date before. */
export async function withDatabase(work: (db: Database, mesh: MeshDatabase) => Promise<void>): Promise<void> {
  const database = await meshDatabase();
  const db = openDatabase(database.url, (error) => say(`A connection was lost: ${error.message}`));
  try {
    await migrate(db);
    await work(db, database);
  } finally {
    await db.destroy();
    await database.stop();
  }
}

/** Whoever may write to the database may do what is done here; the audit says that it came from here. */
export const COMMAND_LINE = openCaller("command line", randomUUID());

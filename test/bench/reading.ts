/** Gateways over databases with long histories, which are filled once and can be kept. */

import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openDatabase } from "../../gateway/db/database.js";
import { buildIndexes } from "../../gateway/db/indexes.js";
import { migrate } from "../../gateway/db/migrations.js";
import { projectPath } from "../../schema/paths.js";
import { makeKeys } from "../../standalone/keys.js";
import { startNats } from "../../standalone/nats.js";
import { startPart } from "../../standalone/part.js";
import { startPostgres } from "../../standalone/postgres.js";
import type { Bench } from "./bench.js";
import { fill } from "./fill.js";

/** Read at once. */
const PIECE = 1024 * 1024;
const PART_PATIENCE_MS = 10_000;
/** Histories end so long before they are made: scans of the future would be none. */
const AGO_MS = 60_000;
/** Counts the changes of what is filled in: a database of an older kind is not used again. */
const KIND = 1;

/** A gateway over a history of so many scans. */
export interface Reader {
  readonly scans: number;
  readonly url: string;
  readonly databaseUrl: string;
}

export interface Reading {
  /** In the order they were asked for. */
  readonly readers: readonly Reader[];
  stop(): Promise<void>;
}

/** Starts a gateway over a history of each size; fills what the data folder does not have. */
export async function openReading({ data, seed, progress }: Bench, sizes: readonly number[]): Promise<Reading> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-"));
  // Postgres may run as another user.
  await chmod(folder, 0o755);
  await mkdir(data, { recursive: true, mode: 0o755 });
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const postgres = await startPostgres({ dir: join(data, "postgres") });
    stops.push(postgres.stop);
    const keys = await makeKeys(join(folder, "keys"));
    const nats = await startNats({ dir: join(folder, "nats"), keys });
    stops.push(nats.stop);
    const histories: Omit<Reader, "url">[] = [];
    for (const scans of sizes) {
      const databaseUrl = await filled(postgres.url, { scans, seed, newest: new Date(Date.now() - AGO_MS) }, progress);
      histories.push({ scans, databaseUrl });
    }
    await progress.measure("all of it into memory", () => readThrough(join(data, "postgres", "data", "base")), megabytes);
    const readers: Reader[] = [];
    for (const { scans, databaseUrl } of histories) {
      const gateway = startPart({
        name: "gateway",
        script: [projectPath("dist", "gateway", "main.js")],
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          PORT: "0",
          DATABASE_URL: databaseUrl,
          NATS_URL: nats.url,
          SCANMESH_NATS_ISOLATED_CREDS: keys.creds.gateway.isolated,
          SCANMESH_NATS_INTERNET_CREDS: keys.creds.gateway.internet,
        },
        logFile: join(folder, `gateway-${scans}.log`),
      });
      stops.push(() => gateway.stop(PART_PATIENCE_MS));
      readers.push({ scans, url: (await gateway.message("listening")).url, databaseUrl });
    }
    return { readers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads every file once, so that what is measured is not the disk; how many bytes there were. */
async function readThrough(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    for await (const piece of createReadStream(join(entry.parentPath, entry.name), { highWaterMark: PIECE }))
      bytes += (piece as Buffer).length;
  }
  return bytes;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** The address of the database with that history. It gets its name when it is whole. */
async function filled(server: string, history: Parameters<typeof fill>[1], progress: Bench["progress"]): Promise<string> {
  const name = `history_${KIND}_${history.scans}_${history.seed}`;
  const draft = `draft_${name}`;
  const address = (database: string) => Object.assign(new URL(server), { pathname: `/${database}` }).toString();
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  try {
    const { rowCount } = await admin.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 0) {
      await admin.query(`drop database if exists ${draft}`);
      await admin.query(`create database ${draft}`);
      await migrated(address(draft));
      await fill(address(draft), history, progress);
      await admin.query(`alter database ${draft} rename to ${name}`);
    } else
      await progress.measure(
        `migrations of ${name}`,
        () => migrated(address(name)),
        (applied) => `${applied.length}`,
      );
    return address(name);
  } finally {
    await admin.end();
  }
}

async function migrated(url: string): Promise<string[]> {
  const db = openDatabase(url, () => undefined);
  try {
    const applied = await migrate(db);
    await buildIndexes(db);
    return applied;
  } finally {
    await db.destroy();
  }
}

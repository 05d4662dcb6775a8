import { readdir, readFile } from "node:fs/promises";
import {
  Kysely,
  Migrator,
  PostgresDialect,
  sql,
  type Migration,
  type PostgresCursor,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type Transaction,
} from "kysely";
import pg from "pg";
import readDate from "postgres-date";
import { projectPath } from "../../schema/paths.js";
import type { Tables } from "../../schema/tables/database.js";
import { DatabaseAway, QueryTimeout } from "../errors.js";
import { readyName } from "./ready.js";

/** The database, outside or inside of a transaction. */
export type Database = Kysely<Tables>;
/** A function that takes this one must run inside of a transaction. */
export type Tx = Transaction<Tables>;

const INT8 = 20;
const INT8_ARRAY = 1016;
const TIMESTAMPTZ = 1184;
const types = new pg.TypeOverrides();
/**
 * Reads a date and time as Postgres writes it; by the driver's own library a version on, which takes a third of the time. A report
 * has sixty of them. Its types are those of an ES module.
 */
export const dateOf = readDate as unknown as (text: string) => Date;
types.setTypeParser(TIMESTAMPTZ, dateOf);
types.setTypeParser(INT8, Number);
types.setTypeParser(INT8_ARRAY, (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)));

export interface PoolOptions {
  /** The most connections. */
  readonly max?: number;
  /** The longest that a statement may take; a longer one ends with {@link QueryTimeout}. Without it there is no limit. */
  readonly statementMs?: number;
}

/**
 * What is kept ready may have been planned while its tables were empty, and is not planned again before they are analysed. These
 * statements read a few rows of whatever is there: to look each up in an index is right for them, and compiling never is.
 */
const READY_SETTINGS = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/** Short statements: compiling them or spreading them over processes costs more than it gains, and what they read is mostly in memory. */
const LIST_OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1";

/** Opens a pool. Nothing is connected until the first query. */
export function openDatabase(
  url: string,
  onError: (error: Error) => void,
  { max = 16, statementMs = 0 }: PoolOptions = {},
): Database {
  const isForLists = statementMs > 0;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    statement_timeout: statementMs,
    ...(isForLists ? { options: LIST_OPTIONS } : { onConnect: async (client) => void (await client.query(READY_SETTINGS)) }),
    types,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: "scanmesh",
  });
  pool.on("error", onError);
  // The pool listens to idle clients alone; one that is lost in the middle of a transaction would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: honest(pool) }) });
}

/** The pool, with every sign that Postgres is away turned into the one error that says so. */
function honest(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw new DatabaseAway(error);
      });
      const wrapped = known.get(client) ?? wrap(client);
      known.set(client, wrapped);
      return wrapped;
    },
  };
}

function wrap(client: pg.PoolClient): PostgresPoolClient {
  let stale: Error | undefined;
  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query(text: unknown, parameters: readonly unknown[] = []): unknown {
    if (typeof text !== "string") throw new TypeError("cursors are not used here");
    return client.query({ name: readyName(text), text, values: [...parameters] }).catch((error: unknown) => {
      if (isStale(error)) stale = error;
      if (isGone(error)) throw new DatabaseAway(error);
      throw isCancelled(error) ? new QueryTimeout(error) : error;
    });
  }
  return { query, release: () => client.release(stale) };
}

/** Shutdown, crash, start-up and lost connections; a driver's error without a code is a connection that ended. */
function isGone(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P0[123]|53300)/.test(error.code ?? "");
  return error instanceof Error;
}

/** What the connection keeps ready does not fit the database any more: a later version has migrated it. */
function isStale(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && error.code === "0A000" && error.message.includes("cached plan");
}

/** By its statement timeout: nothing else here cancels statements. */
function isCancelled(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "57014";
}

const folder = projectPath("migrations");

async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  const migrations = names.map(async (name) => {
    const text = await readFile(`${folder}/${name}`, "utf8");
    const up = async (db: Kysely<unknown>) => void (await sql.raw(text).execute(db));
    return [name.replace(/\.sql$/, ""), { up }] as const;
  });
  return Object.fromEntries(await Promise.all(migrations));
}

function migrator(db: Database): Migrator {
  return new Migrator({ db, provider: { getMigrations: readMigrations } });
}

/** Applies what is missing, all or nothing; the names of what was applied. Gateways that start together take turns. */
export async function migrate(db: Database): Promise<string[]> {
  const { error, results } = await migrator(db).migrateToLatest();
  if (error) throw error;
  return (results ?? []).map(({ migrationName }) => migrationName);
}

/** Why the database cannot serve, or undefined if it can. */
export async function unreadiness(db: Database): Promise<string | undefined> {
  try {
    const migrations = await migrator(db).getMigrations();
    const missing = migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
    return missing.length === 0 ? undefined : `migrations are missing: ${missing.join(", ")}`;
  } catch (error) {
    return `Postgres does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const DEADLOCK = "40P01";

/** Runs a transaction, once more if it was the victim of a deadlock. */
export function transact<T>(db: Database, onDeadlock: () => void, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retried(onDeadlock, () => db.transaction().execute(work));
}

/** The same for what is no transaction, or makes its own. */
export async function retried<T>(onDeadlock: () => void, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== DEADLOCK) throw error;
    onDeadlock();
    return work();
  }
}

/**
 * Whether the error is about this statement's data, and not about the server being away. That a row which was there has gone
 * meanwhile is no fault of the data.
 */
export function isDataError(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23(?!503))/.test(error.code ?? "");
}

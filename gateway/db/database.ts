import {
  Kysely,
  PostgresDialect,
  type PostgresCursor,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type Transaction,
} from "kysely";
import pg from "pg";
import readDate from "postgres-date";
import type { Tables } from "../../schema/tables/database.js";
import { DatabaseAway, QueryTimeout } from "../errors.js";
import { preparedName } from "./prepared.js";

/** The database, inside or outside a transaction. */
export type Database = Kysely<Tables>;
/** For functions that must run inside a transaction. */
export type Tx = Transaction<Tables>;

const INT8 = 20;
const INT8_ARRAY = 1016;
const TIMESTAMPTZ = 1184;
const types = new pg.TypeOverrides();
/**
 * Parses a timestamp as Postgres prints it. This version of the library takes a third of the time of the one inside the driver, and
 * a report has sixty timestamps. The cast is there because its types declare an ES module.
 */
export const parseTimestamp = readDate as unknown as (text: string) => Date;
types.setTypeParser(TIMESTAMPTZ, parseTimestamp);
types.setTypeParser(INT8, Number);
types.setTypeParser(INT8_ARRAY, (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)));

export interface PoolOptions {
  /** The most connections. */
  readonly max?: number;
  /** Time limit of a statement; one that takes longer throws {@link QueryTimeout}. No limit by default. */
  readonly statementMs?: number;
  /** How long a statement waits for a connection. */
  readonly waitMs?: number;
  /** Called whenever Postgres resolves a deadlock by aborting a transaction of this pool. */
  readonly onDeadlock?: () => void;
}

/**
 * A prepared statement may have been planned while its tables were empty, and keeps that plan until they are analysed. Prepared
 * statements read few rows of large tables, so an index lookup is always right for them, and JIT compilation never is.
 */
const PREPARED_SETTINGS = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/** For statements that are short and read mostly from memory: neither JIT nor parallel workers pay off. */
const LIST_OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1";

/** Opens a pool. Nothing is connected until the first query. */
export function openDatabase(
  url: string,
  onError: (error: Error) => void,
  { max = 16, statementMs = 0, waitMs = 5_000, onDeadlock = () => {} }: PoolOptions = {},
): Database {
  const isForLists = statementMs > 0;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    statement_timeout: statementMs,
    ...(isForLists ? { options: LIST_OPTIONS } : { onConnect: async (client) => void (await client.query(PREPARED_SETTINGS)) }),
    types,
    connectionTimeoutMillis: waitMs,
    keepAlive: true,
    application_name: "scanmesh",
  });
  pool.on("error", onError);
  // The pool handles errors of idle clients only: without this, losing a connection during a transaction would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: translateErrors(pool, { max, isForLists, onDeadlock }) }) });
}

interface PoolKind {
  readonly max: number;
  readonly isForLists: boolean;
  readonly onDeadlock: () => void;
}

/**
 * Turns every driver error that means "Postgres is unreachable" into {@link DatabaseAway}, and a timeout into {@link QueryTimeout}. Where
 * every connection is at work, Postgres is not away: lists that had to wait too long took too long.
 */
function translateErrors(pool: pg.Pool, { max, isForLists, onDeadlock }: PoolKind): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const atWork = new Set<pg.PoolClient>();
  return {
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        if (atWork.size < max) throw new DatabaseAway(error);
        throw isForLists ? new QueryTimeout(error) : new DatabaseAway(error, "the database has too much to do");
      });
      atWork.add(client);
      const wrapped = known.get(client) ?? wrap(client, { onDeadlock, onRelease: () => atWork.delete(client) });
      known.set(client, wrapped);
      return wrapped;
    },
  };
}

interface ClientEvents {
  onDeadlock(): void;
  onRelease(): void;
}

function wrap(client: pg.PoolClient, { onDeadlock, onRelease }: ClientEvents): PostgresPoolClient {
  let stale: Error | undefined;
  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query(text: unknown, parameters: readonly unknown[] = []): unknown {
    if (typeof text !== "string") throw new TypeError("cursors are not supported");
    return client.query({ name: preparedName(text), text, values: [...parameters] }).catch((error: unknown) => {
      if (isStale(error)) stale = error;
      if (isDeadlock(error)) onDeadlock();
      if (isGone(error)) throw new DatabaseAway(error);
      throw isCancelled(error) ? new QueryTimeout(error) : error;
    });
  }
  return {
    query,
    release() {
      onRelease();
      client.release(stale);
    },
  };
}

/** Shutdown, crash, start-up or a lost connection. An error that is not Postgres's own comes from a connection that ended. */
function isGone(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P0[123]|53300)/.test(error.code ?? "");
  return error instanceof Error;
}

/**
 * The connection's prepared statements no longer match the tables, because a newer version has migrated them. 0A000 alone can mean
 * anything that is not supported; the server function that raises it tells, and unlike the message it is never translated.
 */
function isStale(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && error.code === "0A000" && error.routine === "RevalidateCachedQuery";
}

/** The statement timeout cancels statements, and so does `runCancellable` where nobody waits any more. */
function isCancelled(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "57014";
}

function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "40P01";
}

/** Runs a transaction, and once more if a deadlock aborted it. */
export function transact<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retryDeadlock(() => db.transaction().execute(work));
}

/** The same for work that is a single statement, or opens its own transaction. */
export async function retryDeadlock<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDeadlock(error)) throw error;
    return work();
  }
}

/**
 * Whether the statement's own data is at fault. A violated foreign key (23503) is not: the row that it names was deleted meanwhile.
 */
export function isDataError(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23(?!503))/.test(error.code ?? "");
}

/** Whether the statement or its data exceed what Postgres can work on, such as the depth of its stack. */
export function isTooComplex(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code?.startsWith("54") === true;
}

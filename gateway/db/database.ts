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
import { DatabaseAway, DatabaseFull, QueryTimeout } from "../errors.js";
import { createHolderReport, type TellHolders } from "./lock-holders.js";
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
 * Parses a timestamp as Postgres prints it. This version of the library takes a third of the time of the one in the driver, and a report
 * has sixty timestamps. The cast is needed because its types declare an ES module.
 */
export const parseTimestamp = readDate as unknown as (text: string) => Date;
types.setTypeParser(TIMESTAMPTZ, parseTimestamp);
types.setTypeParser(INT8, Number);
types.setTypeParser(INT8_ARRAY, (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)));

export interface PoolOptions {
  /** The most connections. */
  readonly max?: number;
  /** For lists with arbitrary filters: a statement that exceeds its limit throws {@link QueryTimeout}. */
  readonly forLists?: boolean;
  /** Time limits of a statement, of waiting for a lock, and of an idle transaction. No limits by default. */
  readonly limits?: PoolLimits;
  /** How long a statement waits for a connection. */
  readonly waitMs?: number;
  /** Called whenever Postgres resolves a deadlock by aborting a transaction of this pool. */
  readonly onDeadlock?: () => void;
  /** Called when a statement gave up waiting for a lock. */
  readonly onBlocked?: TellHolders;
}

/** In milliseconds. */
export interface PoolLimits {
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleTransactionMs: number;
}

/** So that no session waits forever for a lock or blocks others forever, not even one of a gateway that was stopped. */
export const GATEWAY_LIMITS: PoolLimits = { statementMs: 120_000, lockMs: 10_000, idleTransactionMs: 60_000 };
const NO_LIMITS: PoolLimits = { statementMs: 0, lockMs: 0, idleTransactionMs: 0 };

/**
 * A prepared statement may have been planned while its tables were empty, and keeps that plan until they are analysed. Prepared
 * statements read few rows of large tables, so an index lookup is always right for them, and JIT compilation never is.
 */
const PREPARED_SETTINGS = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/** For statements that are short and read mostly from memory: neither JIT nor parallel workers pay off. */
export const LIST_OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1";

/**
 * How long an idle connection is kept. A new one plans every statement again, which takes longer than running a hundred of them. Firewalls
 * and load balancers drop connections after 350 s and more.
 */
const IDLE_MS = 300_000;

/** Opens a pool. It connects with the first query. */
export function openDatabase(url: string, onError: (error: Error) => void, options: PoolOptions = {}): Database {
  const { max = 16, forLists = false, limits = NO_LIMITS, waitMs = 5_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    statement_timeout: limits.statementMs,
    lock_timeout: limits.lockMs,
    idle_in_transaction_session_timeout: limits.idleTransactionMs,
    ...(forLists ? { options: LIST_OPTIONS } : { onConnect: async (client) => void (await client.query(PREPARED_SETTINGS)) }),
    types,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    application_name: forLists ? "scanmesh lists" : "scanmesh",
  });
  pool.on("error", onError);
  // The pool handles errors only of idle clients. Without this, losing a connection in a transaction would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: translateErrors(pool, { ...options, max, forLists, limits }) }),
  });
}

type PoolKind = PoolOptions & { readonly max: number; readonly forLists: boolean; readonly limits: PoolLimits };

/**
 * Turns every driver error that means "Postgres is unreachable" into {@link DatabaseAway}, and a timeout into {@link QueryTimeout}. If all
 * connections are busy, Postgres is not away: a list that waited too long for one counts as a timeout.
 */
function translateErrors(pool: pg.Pool, { max, forLists, limits, onDeadlock, onBlocked }: PoolKind): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const atWork = new Set<pg.PoolClient>();
  const reportHolders = onBlocked && createHolderReport(pool, limits.lockMs, onBlocked);

  function translate(error: unknown): unknown {
    if (isDeadlock(error)) onDeadlock?.();
    if (isGone(error)) return new DatabaseAway(error);
    if (isReadOnly(error)) return new DatabaseAway(error, "the database takes no changes now");
    if (hasCode(error, DISK_FULL)) return new DatabaseFull(error);
    if (hasCode(error, OUT_OF_MEMORY)) return new DatabaseAway(error, "the database has no memory left");
    const isLocked = hasCode(error, LOCK_NOT_AVAILABLE);
    if (isLocked) reportHolders?.();
    if (!isLocked && !hasCode(error, CANCELLED)) return error;
    return forLists ? new QueryTimeout(error) : new DatabaseAway(error, BUSY);
  }

  return {
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        if (atWork.size < max) throw new DatabaseAway(error);
        throw forLists ? new QueryTimeout(error) : new DatabaseAway(error, BUSY);
      });
      atWork.add(client);
      const wrapped = known.get(client) ?? wrap(client, { translate, onRelease: () => atWork.delete(client) });
      known.set(client, wrapped);
      return wrapped;
    },
  };
}

interface ClientEvents {
  translate(error: unknown): unknown;
  onRelease(): void;
}

function wrap(client: pg.PoolClient, { translate, onRelease }: ClientEvents): PostgresPoolClient {
  let stale: Error | undefined;
  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query(text: unknown, parameters: readonly unknown[] = []): unknown {
    if (typeof text !== "string") throw new TypeError("cursors are not supported");
    return client.query({ name: preparedName(text), text, values: [...parameters] }).catch((error: unknown) => {
      // After a failover the address may lead to another server, so a connection to a read-only one is dropped.
      if (isStale(error) || isReadOnly(error)) stale = error;
      throw translate(error);
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

const BUSY = "the database has too much to do";
/** The statement's time limit: nothing else cancels statements here. */
const CANCELLED = /^57014/;
/** The disk is full, or it fails. */
const DISK_FULL = /^(53100|58030)/;
const OUT_OF_MEMORY = /^53200/;
const LOCK_NOT_AVAILABLE = /^55P03/;

function hasCode(error: unknown, codes: RegExp): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && codes.test(error.code ?? "");
}

/** Shutdown, crash, start-up or a lost connection. An error that is not from Postgres means that the connection broke. */
function isGone(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return hasCode(error, /^(08|57P0[1235]|53300|25P03)/);
  return error instanceof Error;
}

/** The default is read-only, or it is a standby, as after a failover. */
function isReadOnly(error: unknown): error is pg.DatabaseError {
  return hasCode(error, /^25006/);
}

/**
 * The connection's prepared statements no longer match the tables, because a newer version has migrated them. 0A000 alone means any
 * unsupported feature; the server function that raised it is decisive, and unlike the message it is never translated.
 */
function isStale(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && error.code === "0A000" && error.routine === "RevalidateCachedQuery";
}

/** Whether a statement gave up waiting for a lock. */
export function isBlocked(error: unknown): boolean {
  return error instanceof DatabaseAway && hasCode(error.cause, LOCK_NOT_AVAILABLE);
}

function isDeadlock(error: unknown): boolean {
  return hasCode(error, /^40P01/);
}

/** Reads with several statements what is true at one moment. They run one after the other: they share a connection. */
export function readAtOnce<T>(db: Database, read: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(read);
}

/** Runs a transaction and retries it once after a deadlock. */
export function transact<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retryDeadlock(() => db.transaction().execute(work));
}

/** The same for work that is a single statement or opens its own transaction. */
export async function retryDeadlock<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDeadlock(error)) throw error;
    return work();
  }
}

/** Whether the statement's own data is at fault. A violated foreign key (23503) is not: the row it refers to was deleted meanwhile. */
export function isDataError(error: unknown): boolean {
  return hasCode(error, /^(22|23(?!503))/);
}

/** Whether the statement or its data exceeds a limit of Postgres, such as the depth of its stack. */
export function isTooComplex(error: unknown): boolean {
  return hasCode(error, /^54/);
}

/** What Postgres says of its work. */

import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** A session that has nothing to do any more tells of its transactions after so long. */
const TOLD_AFTER_MS = 10_500;

const STATEMENTS = "select coalesce(sum(calls), 0)::float8 as calls from pg_stat_statements";
const WAL = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes";
const REPORTED = `
  select pg_stat_clear_snapshot(),
    (select xact_commit::float8 from pg_stat_database where datname = current_database()) as commits,
    (select n_tup_upd::float8 from pg_stat_user_tables where relname = 'scans') as updates,
    (select n_tup_hot_upd::float8 from pg_stat_user_tables where relname = 'scans') as hot`;
const SYNCS = "select sum(fsyncs)::float8 as syncs from pg_stat_io where object = 'wal'";
/** The version whose pg_stat_io tells of the write-ahead log. */
const TELLS_SYNCS = 180_000;

export async function readStatements(postgresUrl: string) {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    // What is counted at once comes first: the mesh does not rest meanwhile.
    const calls = await one(client, STATEMENTS, "calls");
    const bytes = await one(client, WAL, "bytes");
    await pause(TOLD_AFTER_MS);
    const version = Number((await client.query<{ v: string }>("select current_setting('server_version_num') as v")).rows[0]?.v);
    const { rows } = await client.query<{ commits: number; updates: number; hot: number }>(REPORTED);
    return {
      statements: calls,
      commits: rows[0]?.commits ?? 0,
      "WAL bytes": bytes,
      ...(version >= TELLS_SYNCS ? { "WAL fsyncs": await one(client, SYNCS, "syncs") } : {}),
      "updates of scans": rows[0]?.updates ?? 0,
      "of them HOT": rows[0]?.hot ?? 0,
    };
  } finally {
    await client.end();
  }
}

async function one<K extends string>(client: pg.Client, query: string, column: K): Promise<number> {
  const { rows } = await client.query<Record<K, number>>(query);
  return rows[0]?.[column] ?? 0;
}

import { sql } from "kysely";
import type { Database } from "./database.js";

/** What Postgres says of itself. */
export interface DatabaseState {
  /** The server's version, e.g. `18.4`. */
  readonly serverVersion: string;
  readonly bytes: number;
  /** The last migration that was applied, e.g. `0007-statistics`. */
  readonly migration: string;
  /** Rows as the planner estimates them: they are not counted. */
  readonly scans: number;
  readonly samples: number;
}

export async function readDatabaseState(db: Database): Promise<DatabaseState> {
  const { rows } = await sql<DatabaseState>`
    select current_setting('server_version') as "serverVersion", pg_database_size(current_database()) as bytes,
      (select max(name) from kysely_migration) as migration,
      (select greatest(reltuples, 0)::int8 from pg_class where oid = 'scans'::regclass) as scans,
      (select greatest(reltuples, 0)::int8 from pg_class where oid = 'samples'::regclass) as samples`.execute(db);
  const [state] = rows;
  if (!state) throw new Error("Postgres said nothing of itself");
  return state;
}

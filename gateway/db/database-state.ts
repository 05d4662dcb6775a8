import { sql } from "kysely";
import type { Database } from "./database.js";
import { COUNTED } from "./list-place.js";

/** The version and the size of the database. */
export interface DatabaseStatus {
  /** The server's version, e.g. `18.4`. */
  readonly serverVersion: string;
  readonly bytes: number;
  /** The last migration that was applied, e.g. `0007-statistics`. */
  readonly migration: string;
  /** Numbers of rows: exact up to 10,000, the planner's estimates beyond. */
  readonly scans: number;
  readonly samples: number;
}

export async function readDatabaseState(db: Database): Promise<DatabaseStatus> {
  const { rows } = await sql<DatabaseStatus>`
    select current_setting('server_version') as "serverVersion", pg_database_size(current_database()) as bytes,
      (select max(name) from kysely_migration) as migration,
      ${countRows("scans")} as scans, ${countRows("samples")} as samples`.execute(db);
  const [state] = rows;
  if (!state) throw new Error("Postgres returned no state");
  return state;
}

/** The estimate may be outdated, so the result is at least what was counted. */
function countRows(table: "scans" | "samples") {
  return sql`(
    select case when counted <= ${sql.lit(COUNTED)} then counted else greatest(counted, reltuples::int8) end
    from pg_class, (select count(*) as counted from (select from ${sql.table(table)} limit ${sql.lit(COUNTED + 1)}) as capped) as rows
    where oid = ${table}::regclass)`;
}

import { sql } from "kysely";
import type { Database } from "./database.js";
import { COUNTED } from "./list-place.js";

/** What Postgres says of itself. */
export interface DatabaseStatus {
  /** The server's version, e.g. `18.4`. */
  readonly serverVersion: string;
  readonly bytes: number;
  /** The last migration that was applied, e.g. `0007-statistics`. */
  readonly migration: string;
  /** Rows: counted up to 10,000, and as the planner estimates them beyond. */
  readonly scans: number;
  readonly samples: number;
}

export async function readDatabaseState(db: Database): Promise<DatabaseStatus> {
  const { rows } = await sql<DatabaseStatus>`
    select current_setting('server_version') as "serverVersion", pg_database_size(current_database()) as bytes,
      (select max(name) from kysely_migration) as migration,
      ${rowsOf("scans")} as scans, ${rowsOf("samples")} as samples`.execute(db);
  const [state] = rows;
  if (!state) throw new Error("Postgres said nothing of itself");
  return state;
}

/** An estimate can be older than the rows: it is never less than what was counted. */
function rowsOf(table: "scans" | "samples") {
  return sql`(
    select case when counted <= ${sql.lit(COUNTED)} then counted else greatest(counted, reltuples::int8) end
    from pg_class, (select count(*) as counted from (select from ${sql.table(table)} limit ${sql.lit(COUNTED + 1)}) as capped) as rows
    where oid = ${table}::regclass)`;
}

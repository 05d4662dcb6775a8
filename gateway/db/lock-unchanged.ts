import { sql, type Selectable } from "kysely";
import type { Tables } from "../../schema/tables/database.js";
import type { Tx } from "./database.js";

/** Locks a row if it has not changed since it was read; false if another gateway has locked or changed it. `wasRead` must identify the row. */
export async function lockUnchanged<T extends "fetch_jobs" | "ruleset_jobs">(
  tx: Tx,
  table: T,
  wasRead: Partial<Selectable<Tables[T]>>,
): Promise<boolean> {
  const same = Object.entries(wasRead).map(([column, value]) =>
    value === null ? sql`${sql.ref(column)} is null` : sql`${sql.ref(column)} = ${value}`,
  );
  const { rows } = await sql`
    select from ${sql.table(table)} where ${sql.join(same, sql` and `)} for update skip locked`.execute(tx);
  return rows.length > 0;
}

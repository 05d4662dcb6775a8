/** Lists that take long: they wait for a lock on the scans that the test holds. */

import { sql } from "kysely";
import type { Database } from "../../../gateway/db/database.js";

/** Works while every list of scans waits, or every list of the rows of another table. */
export function whileLocked<T>(db: Database, work: () => Promise<T>, table = "scans"): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(tx);
    return work();
  });
}

/** How many lists wait for the lock. The gateways' own statements wait for it too, by other connections. */
export async function waitingLists(db: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and application_name = 'scanmesh lists'`.execute(db);
  return rows[0]?.count ?? 0;
}

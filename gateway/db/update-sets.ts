import { sql } from "kysely";
import type { Database } from "./database.js";

/** Every set of an engine of which there is a bundle, a source, a policy or a target. */
export async function readSets(db: Database): Promise<{ engineId: number; set: string }[]> {
  const { rows } = await sql<{ engineId: number; set: string }>`
    select engine_id as "engineId", set_name as set from (
      select engine_id, set_name from bundles union select engine_id, set_name from fetch_jobs
      union select engine_id, set_name from update_policies union select engine_id, set_name from engine_targets) as known
    order by engine_id, set_name <> 'main', set_name`.execute(db);
  return rows;
}

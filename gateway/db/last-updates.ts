import { sql } from "kysely";
import type { EngineUpdateState } from "../../schema/update-states.js";
import type { Database } from "./database.js";

/** The last update of each set that was not cancelled. */
export async function readLastUpdates(db: Database): Promise<{ engine: string; set: string; state: EngineUpdateState }[]> {
  return db
    .selectFrom("engine_updates as update")
    .innerJoin("engines", "engines.id", "update.engine_id")
    .distinctOn(["update.engine_id", "update.set_name"])
    .select(["engines.name as engine", "update.set_name as set", "update.state"])
    .where("update.state", "!=", "CANCELLED")
    .where(sql<boolean>`not engines.forgotten`)
    .orderBy("update.engine_id")
    .orderBy("update.set_name")
    .orderBy("update.id", "desc")
    .execute();
}

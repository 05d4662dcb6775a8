import { sql } from "kysely";
import type { EngineSetup } from "../../schema/engine-setup.js";
import type { Database } from "./database.js";

/** Far more than any mesh has; an agent that is run in another way at every heartbeat would fill the table for ever. */
const MOST_SETUPS = 10_000;

/** Records how engines are run, by their ids; those that are there stay as they are. */
export async function recordSetups(db: Database, setups: ReadonlyMap<string, EngineSetup>): Promise<void> {
  const rows = [...setups].map(([id, setup]) => ({ id, setup })).toSorted((one, other) => (one.id < other.id ? -1 : 1));
  await sql`
    insert into engine_setups (id, setup)
    select id, setup from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as told (id uuid, setup jsonb)
    where (select count(*) from engine_setups) < ${MOST_SETUPS}
    on conflict (id) do nothing`.execute(db);
}

/** The recorded ones of these. */
export async function readSetups(db: Database, ids: readonly string[]): Promise<Map<string, EngineSetup>> {
  const rows = await db
    .selectFrom("engine_setups")
    .select(["id", "setup"])
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map(({ id, setup }) => [id, setup]));
}

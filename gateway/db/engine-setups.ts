import { sql } from "kysely";
import type { EngineSetup } from "../../schema/engine-setup.js";
import type { Database } from "./database.js";

/** Far more than any mesh has. Without a limit, an agent whose setup changes at every heartbeat would fill the table. */
const MOST_SETUPS = 10_000;
/** Beyond this, setups that no result refers to are removed: each version of an engine's signatures is another setup. */
const MANY_SETUPS = 5_000;

/** Records the setups of engines by id, and that they are still in use. */
export async function recordSetups(db: Database, setups: ReadonlyMap<string, EngineSetup>): Promise<void> {
  const rows = [...setups].map(([id, setup]) => ({ id, setup })).toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const told = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as told (id uuid, setup jsonb)`;
  await sql`
    insert into engine_setups (id, setup) select id, setup from ${told}
    where (select count(*) from engine_setups) < ${MOST_SETUPS} or id in (select id from engine_setups)
    on conflict (id) do update set seen_at = now()`.execute(db);
}

/**
 * Forgets setups that were not in use for a day and that no result refers to. This reads every result, so it is done only if there are
 * many.
 */
export async function removeOldSetups(db: Database, many = MANY_SETUPS): Promise<void> {
  await sql`
    delete from engine_setups where seen_at < now() - interval '1 day'
      and (select count(*) from engine_setups) > ${many}
      and id in (select id from engine_setups where seen_at < now() - interval '1 day'
        except select setup from results where setup is not null)`.execute(db);
}

/** Reads these setups, as far as they are recorded. */
export async function readSetups(db: Database, ids: readonly string[]): Promise<Map<string, EngineSetup>> {
  const rows = await db
    .selectFrom("engine_setups")
    .select(["id", "setup"])
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map(({ id, setup }) => [id, setup]));
}

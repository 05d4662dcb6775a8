import { sql } from "kysely";
import { SEALING } from "../../schema/sealed-chunks.js";
import type { Database } from "./database.js";
import { GONE_AFTER } from "./gateways.js";

/** An agent that was heard this recently may return with the same version. While no gateway has listened this long, any agent may. */
const AGENT_MAY_RETURN = sql`interval '10 minutes'`;

/**
 * Whether all samples are sealed from now on. It begins once every gateway and agent that is present, or may return soon, can read sealed
 * samples. It never ends: otherwise an agent could have samples stored unsealed by claiming to be old.
 */
export async function beginSealing(db: Database): Promise<boolean> {
  const cannotRead = sql`coalesce(sealing, 0) < ${SEALING}`;
  const isThere = sql`seen_at >= now() - ${GONE_AFTER}`;
  const hasListened = sql`exists (select from gateways where ${isThere} and started_at < now() - ${AGENT_MAY_RETURN})`;
  const { rows } = await sql<{ begun: boolean }>`
    with beginning as (
      insert into sealing (version) select ${SEALING}::integer
      where not exists (select from gateways where ${isThere} and ${cannotRead})
        and not exists (select from agents where ${cannotRead} and (heard_at >= now() - ${AGENT_MAY_RETURN} or not ${hasListened}))
      on conflict do nothing returning version
    )
    select exists (select from beginning) or exists (select from sealing where version >= ${SEALING}) as begun`.execute(db);
  return rows[0]?.begun ?? false;
}

import { sql, type RawBuilder } from "kysely";
import type { EngineRecord } from "../../schema/reports.js";
import type { Database } from "./database.js";
import { isAvailable, selectEngines } from "./engines.js";
import { runPreparedQuery } from "./prepared.js";

/** The catalogue, and a digest of everything that plans depend on. */
export interface Catalogue {
  readonly engines: readonly EngineRecord[];
  /** Null if it is empty. */
  readonly digest: string | null;
}

/** A digest of everything that decides which engines take part in a scan, and whether it can be CLEAN without them. */
const digest = sql<string | null>`(
  select md5(string_agg(planned::text, ' ' order by id)) from (
    select id, name, type, speed, internet, input, accepts, enabled, last_healthy_at is null, unhealthy is null, ${isAvailable}
    from engines where not forgotten) as planned)`;

export async function readCatalogue(db: Database): Promise<Catalogue> {
  const rows = await runPreparedQuery(db, "catalogue", [], () => selectEngines(db).select(digest.as("digest")));
  return { engines: rows, digest: rows[0]?.digest ?? null };
}

/** Whether the catalogue is still the one with this digest. */
export function isCatalogue(wanted: string | null): RawBuilder<boolean> {
  return sql<boolean>`${digest} is not distinct from ${wanted}::text`;
}

/** Which bundles and updates are forgotten: histories grow with every version of every engine. */

import { sql } from "kysely";
import type { Database } from "./database.js";

/** Updates and bundles that ended this long ago are forgotten, unless something that is kept refers to them. */
const KEPT = sql`interval '1 year'`;
/** How long the list of files of a removed bundle is kept. */
const LISTS_KEPT = sql`interval '30 days'`;
/** This many updates of each set are kept, regardless of age. */
const KEPT_UPDATES = 50;

/**
 * Forgets old updates, then the bundles that only those referred to. What an engine serves is kept, and so is the bundle to roll back to.
 */
export async function removeOldUpdates(db: Database): Promise<void> {
  await sql`
    delete from engine_updates using (
      select id, row_number() over (partition by engine_id, set_name order by id desc) as place,
        max(id) filter (where state = 'DONE') over (partition by engine_id, set_name) as last_done
      from engine_updates) as placed
    where engine_updates.id = placed.id and place > ${KEPT_UPDATES} and placed.id is distinct from last_done
      and ended_at < now() - ${KEPT}
      and not exists (select from bundles where bundles.id in (from_bundle, to_bundle) and removed_at is null)`.execute(db);
  await sql`
    delete from bundle_files using bundles
    where bundles.id = bundle_id and bundles.removed_at < now() - ${LISTS_KEPT}`.execute(db);
  // The newest bundle of a set is kept, because it determines the next sequence number.
  await sql`
    delete from bundles where removed_at < now() - ${KEPT}
      and exists (select from bundles as newer where newer.engine_id = bundles.engine_id and newer.set_name = bundles.set_name
        and newer.sequence > bundles.sequence)
      and not exists (select from engine_updates where bundles.id in (from_bundle, to_bundle))
      and not exists (select from engine_targets where bundle_id = bundles.id)
      and not exists (select from bundle_uploads where bundle_id = bundles.id)`.execute(db);
}

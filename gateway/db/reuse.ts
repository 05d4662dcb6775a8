import { sql, type RawBuilder } from "kysely";
import type { Database } from "./database.js";
import { isLive } from "./suppressions.js";

/**
 * Fingerprints of everything that an engine's answers depend on, as healthy agents announce them now. An engine has several if its agents
 * differ.
 */
export type AnnouncedFingerprints = readonly { readonly engineId: number; readonly fingerprint: string }[];

/** How many of a sample's latest scans are searched, so that a sample that is submitted all day costs no more than others. */
export const LATEST_SCANS = 20;
export const LAST_ID = Number.MAX_SAFE_INTEGER;

/** The columns of a result that a copy keeps unchanged. */
export const COPIED = sql.raw(
  "state, verdict, signature, error, cause, engine_version, signature_version, signature_date, image_id, image_digest, fingerprint, agent, " +
    "started_at, ended_at, duration_ms, fetching_ms, starting_ms, exit_code, setup, details, closed, truncated, bars_clean, suppressed",
);

/** The query of a table expression `announced`. */
function announcedTable(announced: AnnouncedFingerprints): RawBuilder<unknown> {
  const rows = announced.map(({ engineId, fingerprint }) => ({ engine_id: engineId, fingerprint }));
  return sql`select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as announced (engine_id int, fingerprint text)`;
}

/**
 * For a row of `expected` (sample_id, engine_id, fresh_ms): the engine's latest DONE result for the sample that is recent enough and has a
 * fingerprint announced now. Results without a fingerprint never count, since the engine may have changed, nor do results with detections
 * that are suppressed now. The sample's latest scans are read from the end of the index (sample_id, id): for `where sample_id = …` Postgres
 * would read and sort all of them.
 */
const latestFresh = sql`
  select results.* from (
    select id, sample_id from scans where (sample_id, id) <= (expected.sample_id, ${sql.lit(LAST_ID)})
    order by sample_id desc, id desc limit ${sql.lit(LATEST_SCANS)}) as latest
  join results on results.scan_id = latest.id and results.engine_id = expected.engine_id
  where latest.sample_id = expected.sample_id and results.state = 'DONE'
    and results.ended_at > now() - expected.fresh_ms * interval '1 millisecond'
    and exists (select from announced
      where announced.engine_id = results.engine_id and announced.fingerprint = results.fingerprint)
    and (results.finding is null or not exists (select from suppressions join engines on engines.id = results.engine_id
      where ${isLive} and coalesce(lower(suppressions.engine) = lower(engines.name), true)
        and suppressions.signature = any(regexp_replace(results.signature, '\\.UNOFFICIAL$', '') || string_to_array(results.signature, ', '))))
  order by results.ended_at desc, latest.id desc limit 1`;

/** The step `fresh` of inserting scans: the results to copy for rows of `expected`, with the new scan as `for_scan`. */
export function freshResults(announced: AnnouncedFingerprints): RawBuilder<unknown> {
  return sql`announced as materialized (${announcedTable(announced)}
    ), fresh as materialized (
      select expected.scan_id as for_scan, expected.type, found.*
      from expected cross join lateral (${latestFresh}) as found
      where expected.fresh_ms is not null
    )`;
}

/** The results that a new scan of the sample would reuse: for each engine id the scan in which the engine answered. */
export async function readReusable(
  db: Database,
  wanted: { readonly sampleId: number; readonly freshnessMs: number; readonly engineIds: readonly number[] },
  announced: AnnouncedFingerprints,
): Promise<Map<number, number>> {
  const { rows } = await sql<{ engineId: number; scanId: number }>`
    with announced as materialized (${announcedTable(announced)}
    ), expected as (
      select ${wanted.sampleId}::bigint as sample_id, engine_id, ${wanted.freshnessMs}::float8 as fresh_ms
      from unnest(${[...wanted.engineIds]}::int[]) as engine_id
    )
    select expected.engine_id as "engineId", coalesce(found.reused_from, found.scan_id) as "scanId"
    from expected cross join lateral (${latestFresh}) as found`.execute(db);
  return new Map(rows.map(({ engineId, scanId }) => [engineId, scanId]));
}

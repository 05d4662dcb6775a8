import { sql, type RawBuilder } from "kysely";
import type { EngineVersions } from "../../schema/messages.js";
import type { Database } from "./database.js";

/** Versions that healthy agents announce now; an engine has several when its agents differ. */
export type AnnouncedVersions = readonly { readonly engineId: number; readonly versions: EngineVersions }[];

/** The parts of the statement that accepts scans which depend on whether results are taken over. */
interface ReuseParts {
  /** Further steps, each with its comma. */
  readonly taken: RawBuilder<unknown>;
  readonly counters: RawBuilder<unknown>;
  readonly sums: RawBuilder<unknown>;
  /** What is still to be asked. */
  readonly open: RawBuilder<unknown>;
}

const NOTHING: ReuseParts = {
  taken: sql``,
  counters: sql`0, 0, 0, case when total = 0 then now() end, case when total = 0 then 'INCONCLUSIVE'::verdict end`,
  sums: sql``,
  open: sql`expected`,
};

/** How many of a sample's latest scans are looked through: a sample that is sent all day long costs no more than any other. */
const LATEST_SCANS = 20;
const LAST_ID = Number.MAX_SAFE_INTEGER;

/** The columns of a result that a copy keeps as they were. */
export const COPIED = sql.raw(
  "state, verdict, signature, error, cause, engine_version, signature_version, signature_date, image_id, image_digest, agent, " +
    "started_at, ended_at, duration_ms, details, truncated",
);

/** The versions as a table `announced`. */
function announcedTable(announced: AnnouncedVersions): RawBuilder<unknown> {
  const versions = announced.map(({ engineId, versions: { engine, signatures, signatureDate } }) => ({
    engine_id: engineId,
    engine,
    signatures,
    signature_date: signatureDate,
  }));
  return sql`announced as materialized (select * from jsonb_to_recordset(${JSON.stringify(versions)}::jsonb) as announced
    (engine_id int, engine text, signatures text, signature_date timestamptz))`;
}

/**
 * The latest DONE result of an engine for a sample, of a version that is announced now and young enough. An engine that
 * tells no version at all may have changed: nothing of it counts. The latest scans are read from the end of the index: asked
 * for those of one sample, Postgres would read and sort them all.
 */
function latestOf(sampleId: RawBuilder<unknown>, engineId: RawBuilder<unknown>, freshMs: RawBuilder<unknown>) {
  return sql`
    select results.* from (
      select id, sample_id from scans where (sample_id, id) <= (${sampleId}, ${sql.lit(LAST_ID)})
      order by sample_id desc, id desc limit ${sql.lit(LATEST_SCANS)}) as latest
    join results on results.scan_id = latest.id and results.engine_id = ${engineId}
    where latest.sample_id = ${sampleId} and results.state = 'DONE' and results.ended_at > now() - ${freshMs} * interval '1 millisecond'
      and coalesce(engine_version, signature_version, signature_date::text) is not null
      and exists (select from announced where announced.engine_id = results.engine_id
        and engine is not distinct from engine_version and signatures is not distinct from signature_version
        and announced.signature_date is not distinct from results.signature_date)
    order by results.ended_at desc, latest.id desc limit 1`;
}

/** Which results would be taken over for a sample: by engine id the scan in which it was said. */
export async function readReusable(
  db: Database,
  wanted: { readonly sampleId: number; readonly freshnessMs: number; readonly engineIds: readonly number[] },
  announced: AnnouncedVersions,
): Promise<Map<number, number>> {
  const latest = latestOf(sql`${wanted.sampleId}`, sql`expected.engine_id`, sql`${wanted.freshnessMs}::float8`);
  const { rows } = await sql<{ engineId: number; scanId: number }>`
    with ${announcedTable(announced)}
    select expected.engine_id as "engineId", coalesce(found.reused_from, found.scan_id) as "scanId"
    from unnest(${[...wanted.engineIds]}::int[]) as expected (engine_id) cross join lateral (${latest}) as found`.execute(db);
  return new Map(rows.map(({ engineId, scanId }) => [engineId, scanId]));
}

/**
 * Takes over what is fresh enough. A copy keeps what was said and when, and names the scan in which the engine said it. When
 * the copies hold enough detections, nobody else is asked.
 */
export function reusable(announced: AnnouncedVersions): ReuseParts {
  if (announced.length === 0) return NOTHING;
  const enough = sql`coalesce(sums.detections >= stop_after, false)`;
  const closed = sql`(coalesce(sums.done, 0) = total or ${enough})`;
  return {
    taken: sql`${announcedTable(announced)}, fresh as materialized (
      select expected.scan_id as for_scan, expected.type, found.*
      from expected join scan as wish on wish.id = expected.scan_id
        cross join lateral (${latestOf(sql`wish.sample_id`, sql`expected.engine_id`, sql`wish.fresh_ms`)}) as found
      where wish.fresh_ms is not null
    ), sums as materialized (
      select for_scan, count(*) as done, count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV' and verdict = 'CLEAN') as av_clean,
        max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst
      from fresh group by for_scan
    ), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select for_scan, engine_id, coalesce(reused_from, scan_id), ${COPIED} from fresh
    ), rest as materialized (
      select expected.*, coalesce(sums.detections >= scan.stop_after, false) as needless
      from expected join scan on scan.id = expected.scan_id left join sums on sums.for_scan = scan.id
      where not exists (select from fresh where for_scan = expected.scan_id and fresh.engine_id = expected.engine_id)
    ), left_out as (
      insert into results (scan_id, engine_id, state, error, ended_at)
      select scan_id, engine_id, 'CANCELLED', 'enough detections', now() from rest where needless
    ), open as materialized (select * from rest where not needless),`,
    counters: sql`case when ${enough} then total else coalesce(sums.done, 0) end, coalesce(sums.detections, 0),
      coalesce(sums.av_clean, 0), case when ${closed} then now() end,
      greatest(sums.worst, case when ${closed} then
        case when av_total > 0 and sums.av_clean = av_total then 'CLEAN'::verdict else 'INCONCLUSIVE'::verdict end end)`,
    sums: sql`left join sums on sums.for_scan = scan.id`,
    open: sql`open`,
  };
}

/** Steps of accepting scans that only some requests need. */

import { sql, type RawBuilder } from "kysely";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import { claimKeys } from "./idempotency.js";
import { addUsage } from "./quota.js";
import { COPIED, freshResults, type AnnouncedFingerprints } from "./reuse.js";
import { NAMED } from "./samples.js";

export const NO_IDS = sql`null::bigint as scan_id, null::bigint as batch_id`;
export const IDS = sql`
        case when key is not null and (not is_batch or grows is not null) then nextval(pg_get_serial_sequence('scans', 'id')) end as scan_id,
        case when is_batch then coalesce(grows, nextval(pg_get_serial_sequence('batches', 'id'))) end as batch_id`;

/** Locks existing samples so that they cannot be deleted. They are ordered by an expression; see `runPrepared` for why. */
export function kept(known: readonly number[]): RawBuilder<unknown> {
  return sql`), kept as materialized (
      select ${NAMED} from samples where id = any(${[...new Set(known)]}::bigint[]) order by sha256 || '' for key share
    `;
}

/** Checks that a batch stays within its limit, and locks its row until the scans are inserted. */
const HAS_ROOM = sql` and (grows is null or exists (
        select from batches where id = grows and batches.total + asked.total <= ${sql.lit(OPTION_LIMITS.batchTotal)} for no key update))`;

/** The steps up to `entered`, the requests whose scans will be inserted, and `used`, the usage of their keys. */
export function claimed(isKept: RawBuilder<unknown>, grows: boolean): RawBuilder<unknown> {
  return sql`possible as materialized (
      select * from asked where ${isKept}${grows ? HAS_ROOM : sql``}
    ), claimed as (
      ${claimKeys(sql`select owner, key, input_hash, scan_id, case when grows is null then batch_id end from possible where key is not null order by owner, key`)}
    ), entered as materialized (
      select possible.* from possible left join claimed using (owner, key)
      where possible.key is null
        or claimed.scan_id is not distinct from possible.scan_id and claimed.batch_id is not distinct from case when possible.grows is null then possible.batch_id end
    ), used as (
      ${addUsage(sql`select quota_key as key_id, sum(total)::int as scans from entered where quota_key is not null group by quota_key order by quota_key`)}`;
}

/** Counting the usage first locks its rows before those of samples. */
export const COUNTED = sql`(select count(*) from used) >= 0 and`;

export const BATCHES = sql`), batch as (
      insert into batches (id, total) select batch_id, total from entered where is_batch and grows is null
    `;
export const GROWN = sql`), grown as (
      update batches set total = batches.total + entered.total, deleted_revisions = deleted_revisions + 1
      from entered where batches.id = entered.grows
    `;
export const BATCH_EVENTS = sql`
        select key_id, address, request_id, action, batch_id::text as subject, jsonb_build_object('scans', total) as details,
          request, -1 as position from entered where is_batch
        union all`;

/** Scans without any results yet. */
export const UNDECIDED = sql`
      select scan.*, null::verdict as worst, 0 as reused, 0 as detections, 0 as av_clean, false as enough, total = 0 as is_final from scan`;

/** The steps from fresh results to `decided`, the scans with what these results add up to. */
export function withFresh(announced: AnnouncedFingerprints): RawBuilder<unknown> {
  return sql`expected as materialized (
      select scan.id as scan_id, scan.sample_id, scan.fresh_ms, engines.id as engine_id, engines.type
      from scan cross join unnest(scan.engine_ids) as engine_id join engines on engines.id = engine_id
    ), ${freshResults(announced)}, sums as (
      select for_scan as scan_id, count(*) as reused, count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV' and verdict = 'CLEAN') as av_clean,
        max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst
      from fresh group by for_scan
    ), counted as (
      select scan.*, sums.worst, coalesce(sums.reused, 0) as reused, coalesce(sums.detections, 0) as detections,
        coalesce(sums.av_clean, 0) as av_clean, coalesce(sums.detections >= scan.stop_after, false) as enough
      from scan left join sums on sums.scan_id = scan.id
    ), decided as materialized (
      select counted.*, enough or reused = total as is_final from counted`;
}

export const COPY = sql`), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select for_scan, engine_id, coalesce(reused_from, scan_id), ${COPIED} from fresh
    `;
/** Engines without a fresh result. If there are enough detections already, none of them is asked. */
export const REMAINING = sql`where not exists (select from fresh where fresh.for_scan = decided.id and fresh.engine_id = engines.id)
    ), cancelled as (
      insert into results (scan_id, engine_id, state, error, ended_at)
      select scan_id, engine_id, 'CANCELLED', 'enough detections', now() from remaining where enough
    `;

/** An empty list for parts of the answer that do not apply. */
export const NOTHING = sql`'[]'::jsonb`;

import { sql } from "kysely";
import type { Tx } from "./database.js";
import { COPIED } from "./reuse.js";

/** A scan that repeats one engine of a final scan. */
export interface Retry {
  /** The id reserved for it. */
  readonly scanId: number;
  readonly previous: number;
  readonly engineId: number;
  /** The previous scan's deadline is used if it is within these limits; an imported scan's is not. */
  readonly deadline: { readonly min: number; readonly max: number; readonly fallbackMs: number };
  /** Whether an update of the engine caused it, not a client. It then waits for room. */
  readonly ofUpdate?: boolean;
}

/** The request to the engine. */
export interface RetryRequest {
  readonly outboxId: number;
  /** Whether it waits for room, like the requests of every BULK scan. */
  readonly held: boolean;
}

/**
 * Inserts a scan that takes over all results of a final one except one engine's, which is asked again. The previous scan must be locked.
 */
export async function insertRetry(
  tx: Tx,
  { scanId, previous, engineId, deadline, ofUpdate = false }: Retry,
): Promise<RetryRequest> {
  const { min, max, fallbackMs } = deadline;
  const { rows } = await sql<RetryRequest>`
    with reused as (
      select results.*, engines.type from results join engines on engines.id = results.engine_id
      where scan_id = ${previous} and engine_id <> ${engineId}
    ), sums as (
      select count(*) as done, count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV') as av_total, count(*) filter (where type = 'AV' and verdict = 'CLEAN') as av_clean,
        max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst, count(*) filter (where bars_clean) as barriers
      from reused
    ), repeated as (
      insert into scans (id, sample_id, name, speed, internet, deadline, skipped, labels, priority, origin, previous,
        total, av_total, barriers, done, detections, av_clean, verdict)
      select ${scanId}::bigint, sample_id, scans.name, scans.speed, scans.internet,
        now() + case when deadline - start_date between ${min} * interval '1 millisecond' and ${max} * interval '1 millisecond'
          then deadline - start_date else ${fallbackMs} * interval '1 millisecond' end,
        skipped, labels, case when ${ofUpdate} then 'BULK' else priority end, case when ${ofUpdate} then 'CHECK' end, scans.id,
        sums.done + 1, sums.av_total + (engines.type = 'AV')::int,
        sums.barriers + (select count(*) from jsonb_array_elements(skipped) as engine where engine @> '{"barsClean": true}'),
        sums.done, sums.detections, sums.av_clean, sums.worst
      from scans cross join sums join engines on engines.id = ${engineId} where scans.id = ${previous}
      returning id, priority
    ), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select repeated.id, engine_id, coalesce(reused_from, scan_id), ${COPIED} from reused cross join repeated
    ), asked as (
      insert into results (scan_id, engine_id) select id, ${engineId} from repeated
    ), request as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select repeated.id, speed, internet, array[engines.id], repeated.priority = 'BULK' from repeated join engines on engines.id = ${engineId}
      returning id, held
    )
    select id as "outboxId", held from request`.execute(tx);
  const [request] = rows;
  if (!request) throw new Error(`the scan ${previous} cannot be repeated`);
  return request;
}

import { sql } from "kysely";
import type { Tx } from "./database.js";
import { COPIED } from "./reuse.js";

/** A scan that runs one engine of a final scan again. */
export interface Retry {
  /** An id that was taken for it. */
  readonly scanId: number;
  readonly previous: number;
  readonly engineId: number;
  /** In place of a deadline that no request could have asked for, such as an imported scan's. */
  readonly deadlineMs: number;
}

/** The request to the engine. */
export interface RetryRequest {
  readonly outboxId: number;
  /** It waits for room, as those of every BULK scan. */
  readonly held: boolean;
}

/**
 * Makes a scan that takes over every result of a final one, but for one engine, which is asked again. The former must be
 * locked.
 */
export async function insertRetry(tx: Tx, { scanId, previous, engineId, deadlineMs }: Retry): Promise<RetryRequest> {
  const { rows } = await sql<RetryRequest>`
    with kept as (
      select results.*, engines.type from results join engines on engines.id = results.engine_id
      where scan_id = ${previous} and engine_id <> ${engineId}
    ), sums as (
      select count(*) as done, count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV') as av_total, count(*) filter (where type = 'AV' and verdict = 'CLEAN') as av_clean,
        max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst
      from kept
    ), made as (
      insert into scans (id, sample_id, name, speed, internet, deadline, skipped, labels, priority, previous,
        total, av_total, done, detections, av_clean, verdict)
      select ${scanId}::bigint, sample_id, scans.name, scans.speed, scans.internet,
        now() + case when deadline - start_date between interval '10 seconds' and interval '1 day' then deadline - start_date
          else ${deadlineMs} * interval '1 millisecond' end,
        skipped, labels, priority, scans.id,
        sums.done + 1, sums.av_total + (engines.type = 'AV')::int, sums.done, sums.detections, sums.av_clean, sums.worst
      from scans cross join sums join engines on engines.id = ${engineId} where scans.id = ${previous}
      returning id, priority
    ), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select made.id, engine_id, coalesce(reused_from, scan_id), ${COPIED} from kept cross join made
    ), asked as (
      insert into results (scan_id, engine_id) select id, ${engineId} from made
    ), request as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select made.id, speed, internet, array[engines.id], made.priority = 'BULK' from made join engines on engines.id = ${engineId}
      returning id, held
    )
    select id as "outboxId", held from request`.execute(tx);
  const [request] = rows;
  if (!request) throw new Error(`the scan ${previous} cannot be repeated`);
  return request;
}

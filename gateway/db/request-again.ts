import { sql } from "kysely";
import type { Tx } from "./database.js";
import { OVERDUE_MS } from "./outbox.js";

/** A request to send to one of its engines again. */
export interface Unanswered {
  readonly outboxId: number;
  readonly engineId: number;
  /** How often it has crashed an agent, if that is more than the outbox has recorded. */
  readonly crashes?: number;
  /** How long to wait before it is published. */
  readonly delayMs?: number;
}

/**
 * Inserts requests into the outbox again, for the engine's current class and speed; never for the internet account if the scan forbids
 * that. Returns those that can be published at once. The scans must be locked.
 */
export async function requestAgain(tx: Tx, unanswered: readonly Unanswered[]): Promise<number[]> {
  if (unanswered.length === 0) return [];
  const rows = unanswered.map(({ outboxId, engineId, crashes = null, delayMs = 0 }) => {
    return { outbox_id: outboxId, engine_id: engineId, crashes, delay_ms: delayMs };
  });
  const inserted = await sql<{ id: number; waits: boolean }>`
    with lost as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as lost (outbox_id bigint, engine_id int, crashes int, delay_ms double precision)
    ), shortened as (
      update outbox set engine_ids = array(
        select id from unnest(engine_ids) as id where id not in (select engine_id from lost where outbox_id = outbox.id))
      where outbox.id in (select outbox_id from lost) returning 1
    )
    insert into outbox (scan_id, speed, internet, engine_ids, held, crashes, created_at)
    select outbox.scan_id, engines.speed, engines.internet, array_agg(engines.id order by engines.id), outbox.held,
      coalesce(lost.crashes, outbox.crashes),
      -- A waiting request belongs to no gateway: it is overdue as soon as it may be published.
      now() + (delay_ms - case when delay_ms > 0 then ${OVERDUE_MS}::int else 0 end) * interval '1 millisecond'
    from lost cross join lateral (select * from outbox where id = lost.outbox_id offset 0) as outbox join engines on engines.id = lost.engine_id
      join scans on scans.id = outbox.scan_id
    where scans.internet or not engines.internet
    group by outbox.id, outbox.scan_id, engines.speed, engines.internet, outbox.held, coalesce(lost.crashes, outbox.crashes), delay_ms
    returning id, held or created_at <> now() as waits`.execute(tx);
  return inserted.rows.flatMap(({ id, waits }) => (waits ? [] : [id]));
}

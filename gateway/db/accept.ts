import { sql } from "kysely";
import type { Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Labels, Priority } from "../../schema/scan-options.js";
import type { Skipped, Verdict } from "../../schema/states.js";
import type { Caller } from "../caller.js";
import type { Tx } from "./database.js";
import { runPrepared } from "./prepared.js";
import { reusable, type AnnouncedVersions } from "./reuse.js";

/** A scan to insert, with the engines it expects. */
export interface NewScan {
  /** An id that was taken for it; without it the next. */
  readonly scanId?: number | null;
  readonly sampleId: number;
  readonly name: string;
  readonly speed: Speed;
  readonly internet: boolean;
  readonly deadlineMs: number;
  readonly expected: readonly EngineRecord[];
  readonly skipped: readonly Skipped[];
  readonly labels?: Labels;
  readonly priority?: Priority;
  readonly stopAfter?: number | null;
  readonly batchId?: number | null;
  /** The scan that it repeats. */
  readonly previous?: number | null;
  /** Results up to this age are taken over from earlier scans of the sample; without it none. */
  readonly freshnessMs?: number | null;
  /** Whom the audit names. */
  readonly caller: Caller;
}

/** A scan as it was inserted. */
export interface InsertedScan {
  readonly scanId: number;
  /** Its requests that are to be published now. */
  readonly outboxIds: number[];
  /** Whether requests of it are held back. */
  readonly held: boolean;
  /** Set if it is final already. */
  readonly final: Verdict | null;
}

/** Takes ids for scans and batches whose ids must be known before they are inserted. */
export async function takeIds(
  tx: Tx,
  count: { scans: number; batches: number },
): Promise<{ scans: number[]; batches: number[] }> {
  const next = (table: "scans" | "batches") =>
    sql`array(select nextval(pg_get_serial_sequence(${sql.lit(table)}, 'id')) from generate_series(1, ${count[table]}::int))`;
  const { rows } = await sql<{ scans: number[]; batches: number[] }>`
    select ${next("scans")} as scans, ${next("batches")} as batches`.execute(tx);
  return rows[0] ?? { scans: [], batches: [] };
}

/**
 * Inserts scans with their results, outbox rows and audit rows, in one statement; in the order given. What is fresh enough
 * is copied from earlier scans of the sample by the same statement, so that counters and copies are of one moment. A scan
 * that expects nobody any more is final at once.
 */
export async function insertScans(tx: Tx, scans: readonly NewScan[], announced: AnnouncedVersions = []): Promise<InsertedScan[]> {
  if (scans.length === 0) return [];
  const fresh = scans.some(({ freshnessMs }) => typeof freshnessMs === "number") ? announced : [];
  const reuse = reusable(fresh);
  const insert = sql<InsertedScan>`
    with scan as materialized (
      select coalesce(wanted_id, nextval(pg_get_serial_sequence('scans', 'id'))) as id, wanted.*
      from jsonb_to_recordset(${JSON.stringify(scans.map(rowOf))}::jsonb) as wanted
        (position int, wanted_id bigint, sample_id bigint, name text, speed speed, internet boolean, deadline_ms double precision,
         engine_ids int[], av_total smallint, skipped jsonb, labels jsonb, priority priority, stop_after smallint, batch_id bigint,
         previous bigint, fresh_ms double precision, key_id text, address text, request_id text)
    ), expected as materialized (
      select scan.id as scan_id, scan.priority, engines.id as engine_id, engines.type, engines.speed, engines.internet
      from scan cross join unnest(scan.engine_ids) as engine_id join engines on engines.id = engine_id
    ), ${reuse.taken} accepted as (
      insert into scans (id, sample_id, name, speed, internet, deadline, skipped, labels, priority, stop_after, batch_id, previous,
        total, av_total, done, detections, av_clean, end_date, verdict)
      select id, sample_id, name, speed, internet, now() + deadline_ms * interval '1 millisecond', skipped, labels, priority,
        stop_after, batch_id, previous, total, av_total, ${reuse.counters}
      from (select *, cardinality(engine_ids) as total from scan) as scan ${reuse.sums}
      returning id, verdict, end_date
    ), queued as (
      insert into results (scan_id, engine_id) select scan_id, engine_id from ${reuse.open}
    ), requests as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select scan_id, speed, internet, array_agg(engine_id order by engine_id), priority = 'BULK'
      from ${reuse.open} group by scan_id, speed, internet, priority
      returning id, scan_id, held
    ), noted as (
      insert into audit_events (key_id, address, request_id, action, subject, details)
      select key_id, address, request_id, case when previous is null then 'submitScan' else 'rescan' end, scan.id::text,
        jsonb_strip_nulls(jsonb_build_object('name', name, 'sha256', samples.sha256, 'previous', previous, 'batch', batch_id))
      from scan join samples on samples.id = scan.sample_id order by scan.position
    )
    select scan.id as "scanId", case when accepted.end_date is not null then accepted.verdict end as final,
      coalesce(requested.ids, '{}') as "outboxIds", coalesce(requested.held, false) as held
    from scan join accepted on accepted.id = scan.id left join (
      select scan_id, array_agg(id order by id) filter (where not held) as ids, bool_or(held) as held from requests group by scan_id
    ) as requested on requested.scan_id = scan.id
    order by scan.position`;
  return runPrepared(tx, fresh.length > 0 ? "insert scans with fresh results" : "insert scans", insert);
}

function rowOf(scan: NewScan, position: number) {
  const { scanId, sampleId, name, speed, internet, deadlineMs, expected, skipped, caller } = scan;
  return {
    position,
    wanted_id: scanId ?? null,
    sample_id: sampleId,
    name,
    speed,
    internet,
    deadline_ms: deadlineMs,
    engine_ids: expected.map(({ engineId }) => engineId),
    av_total: expected.filter(({ type }) => type === "AV").length,
    skipped,
    labels: scan.labels ?? {},
    priority: scan.priority ?? "NORMAL",
    stop_after: scan.stopAfter ?? null,
    batch_id: scan.batchId ?? null,
    previous: scan.previous ?? null,
    fresh_ms: scan.freshnessMs ?? null,
    key_id: caller.key?.id ?? null,
    address: caller.address,
    request_id: caller.requestId,
  };
}

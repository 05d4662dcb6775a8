import { sql } from "kysely";
import type { Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Labels, Priority } from "../../schema/scan-options.js";
import type { Skipped, Verdict } from "../../schema/states.js";
import type { Caller } from "../caller.js";
import type { Tx } from "./database.js";
import { runPrepared } from "./prepared.js";
import { COPIED, freshResults, NO_FRESH_RESULTS, type AnnouncedFingerprints } from "./reuse.js";

/** A scan to insert, with the engines it expects. */
export interface NewScan {
  /** An id that was taken for it; otherwise it gets the next. */
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
  /** Results up to this age are copied from earlier scans of the sample; null: none. */
  readonly freshnessMs?: number | null;
  /** For the audit. */
  readonly caller: Caller;
}

/** A scan as it was inserted. */
export interface InsertedScan {
  readonly scanId: number;
  /** Its requests that can be published now. */
  readonly outboxIds: number[];
  /** Whether requests of it are held back. */
  readonly held: boolean;
  /** Its verdict if it is final already. */
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
 * Inserts scans with their results, outbox rows and audit rows, in the order given. Results that are fresh enough are copied from
 * earlier scans of the sample. It is one statement, so that counters and copies are of one moment. A scan that waits for no engine is
 * final at once.
 */
export async function insertScans(
  tx: Tx,
  scans: readonly NewScan[],
  announced: AnnouncedFingerprints = [],
): Promise<InsertedScan[]> {
  if (scans.length === 0) return [];
  const wantsFresh = announced.length > 0 && scans.some(({ freshnessMs }) => typeof freshnessMs === "number");
  const insert = sql<InsertedScan>`
    with scan as materialized (
      select coalesce(wanted_id, nextval(pg_get_serial_sequence('scans', 'id'))) as id, cardinality(engine_ids) as total, wanted.*
      from jsonb_to_recordset(${JSON.stringify(scans.map(rowOf))}::jsonb) as wanted
        (position int, wanted_id bigint, sample_id bigint, name text, speed speed, internet boolean, deadline_ms double precision,
         engine_ids int[], av_total smallint, barriers smallint, skipped jsonb, labels jsonb, priority priority, stop_after smallint, batch_id bigint,
         previous bigint, fresh_ms double precision, key_id text, address text, request_id text)
    ), expected as materialized (
      select scan.id as scan_id, scan.sample_id, scan.fresh_ms, scan.priority,
        engines.id as engine_id, engines.type, engines.speed, engines.internet
      from scan cross join unnest(scan.engine_ids) as engine_id join engines on engines.id = engine_id
    ), ${wantsFresh ? freshResults(announced) : NO_FRESH_RESULTS}, sums as (
      select for_scan as scan_id, count(*) as reused, count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV' and verdict = 'CLEAN') as av_clean,
        max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst
      from fresh group by for_scan
    ), counted as (
      select scan.*, sums.worst, coalesce(sums.reused, 0) as reused, coalesce(sums.detections, 0) as detections,
        coalesce(sums.av_clean, 0) as av_clean, coalesce(sums.detections >= scan.stop_after, false) as enough
      from scan left join sums on sums.scan_id = scan.id
    ), decided as materialized (
      select counted.*, enough or reused = total as is_final from counted
    ), accepted as (
      insert into scans (id, sample_id, name, speed, internet, deadline,
        skipped, labels, priority, stop_after, batch_id, previous, total, av_total,
        barriers, done, detections, av_clean, end_date, verdict)
      select id, sample_id, name, speed, internet, now() + deadline_ms * interval '1 millisecond' as deadline,
        skipped, labels, priority, stop_after, batch_id, previous, total, av_total,
        barriers, case when enough then total else reused end as done, detections, av_clean,
        case when is_final then now() end as end_date,
        scan_verdict(worst, is_final, av_total, av_clean, barriers) as verdict
      from decided
      returning id, verdict, end_date
    ), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select for_scan, engine_id, coalesce(reused_from, scan_id), ${COPIED} from fresh
    ), remaining as materialized (
      select expected.*, decided.enough from expected join decided on decided.id = expected.scan_id
      where not exists (select from fresh where fresh.for_scan = expected.scan_id and fresh.engine_id = expected.engine_id)
    ), cancelled as (
      insert into results (scan_id, engine_id, state, error, ended_at)
      select scan_id, engine_id, 'CANCELLED', 'enough detections', now() from remaining where enough
    ), queued as (
      insert into results (scan_id, engine_id) select scan_id, engine_id from remaining where not enough
    ), requests as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select scan_id, speed, internet, array_agg(engine_id order by engine_id), priority = 'BULK' as held
      from remaining where not enough group by scan_id, speed, internet, priority
      returning id, scan_id, held
    ), audited as (
      insert into audit_events (key_id, address, request_id, action, subject, details)
      select key_id, address, request_id, case when previous is null then 'submitScan' else 'rescan' end, scan.id::text as subject,
        jsonb_strip_nulls(jsonb_build_object('name', name, 'sha256', samples.sha256, 'previous', previous, 'batch', batch_id))
      from scan join samples on samples.id = scan.sample_id order by scan.position
    )
    select scan.id as "scanId", case when accepted.end_date is not null then accepted.verdict end as final,
      coalesce(requested.ids, '{}') as "outboxIds", coalesce(requested.held, false) as held
    from scan join accepted on accepted.id = scan.id left join (
      select scan_id, array_agg(id order by id) filter (where not held) as ids, bool_or(held) as held from requests group by scan_id
    ) as requested on requested.scan_id = scan.id
    order by scan.position`;
  return runPrepared(tx, wantsFresh ? "insert scans with fresh results" : "insert scans", insert);
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
    barriers: skipped.filter(({ barsClean }) => barsClean).length,
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

import { sql, type RawBuilder } from "kysely";
import type { EngineSpeed, Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import { OPTION_LIMITS, type Labels, type Priority } from "../../schema/scan-options.js";
import type { Skipped, Verdict } from "../../schema/states.js";
import type { SampleLocation } from "../bus/sample-store.js";
import type { Caller } from "../caller.js";
import { isCatalogue } from "./catalogue.js";
import type { Database, Tx } from "./database.js";
import { claimKeys, type Claim, type OwnedKey } from "./idempotency.js";
import { runPrepared } from "./prepared.js";
import { addUsage, type Usage } from "./quota.js";
import { COPIED, freshResults, NO_FRESH_RESULTS, type AnnouncedFingerprints } from "./reuse.js";
import { NAMED, upsertBytes, type NewBytes } from "./samples.js";

/** Scans that are accepted together, or not at all. */
export interface NewScans {
  readonly scans: readonly NewScan[];
  /** Whether they are a batch. */
  readonly isBatch?: boolean;
  /** The batch that they are added to, instead of a new one. */
  readonly grows?: number | undefined;
  /** The verb that accepts the batch, for the audit. */
  readonly action?: string | undefined;
  /** The idempotency key that they are claimed by, and the hash of their input. */
  readonly claim?: (OwnedKey & { readonly inputHash: string }) | undefined;
  /** The key whose daily quota they count for. */
  readonly quotaKey?: string | undefined;
  /** For the audit. */
  readonly caller: Caller;
}

/** A scan to insert, with the engines it expects. */
export interface NewScan {
  /** The sample's row, or the bytes that were just stored for it. */
  readonly sample: { readonly sampleId: number; readonly sha256: string } | NewBytes;
  readonly name: string;
  readonly speed: Speed;
  readonly internet: boolean;
  readonly deadlineMs: number;
  readonly expected: readonly EngineRecord[];
  readonly skipped: readonly Skipped[];
  readonly labels?: Labels;
  readonly priority?: Priority;
  readonly stopAfter?: number | null;
  /** The scan that it repeats. */
  readonly previous?: number | null;
  /** Results up to this age are copied from earlier scans of the sample; null: none. */
  readonly freshnessMs?: number | null;
}

/** The row of a sample as it is now. */
export interface NamedSample {
  readonly sampleId: number;
  readonly sha256: string;
  /** If it is another blob than the one that was put, that one is redundant. */
  readonly blob: string | null;
  readonly key: string | null;
  readonly isolated: SampleLocation | null;
  readonly inInternet: boolean;
  readonly firstSeen: string;
}

/** A scan as it was inserted. */
export interface InsertedScan {
  readonly scanId: number;
  readonly batchId: number | null;
  /** Which of the requests it belongs to, and its place in it. */
  readonly request: number;
  readonly position: number;
  readonly sampleId: number;
  /** Milliseconds until the deadline. */
  readonly remainingMs: number;
  /** Its verdict if it is final already. */
  readonly final: Verdict | null;
}

/** A request to engines of one class, as it was inserted into the outbox. */
export interface InsertedRequest {
  readonly outboxId: number;
  readonly scanId: number;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly engineIds: readonly number[];
  readonly held: boolean;
}

/** What was accepted. Requests of which no scan was inserted were claimed before, or a sample of theirs was deleted. */
export interface Accepted {
  /** Whether the catalogue was still the one by which the scans were planned. If not, nothing was inserted. */
  readonly isCurrent: boolean;
  readonly scans: readonly InsertedScan[];
  readonly requests: readonly InsertedRequest[];
  /** What the idempotency keys stand for from now on. */
  readonly claims: readonly Claim[];
  readonly samples: readonly NamedSample[];
  /** The usage of keys with these scans in it. Beyond its quota, the transaction has to be rolled back. */
  readonly usage: readonly Usage[];
}

export interface AcceptOptions {
  /** What {@link readCatalogue} says of the catalogue by which the scans were planned; undefined: whatever it is. */
  readonly catalogue?: string | null | undefined;
  readonly announced?: AnnouncedFingerprints;
}

/**
 * Accepts scans in the order given: inserts samples, scans, results, outbox rows and audit rows, claims idempotency keys and counts
 * for quotas. Results that are fresh enough are copied from earlier scans of the sample. It is one statement, so that all of it is of
 * one moment and one commit. A scan that waits for no engine is final at once.
 *
 * Rows are locked in this order: samples that have a row, idempotency keys, quotas, samples whose bytes were stored.
 */
export async function acceptScans(
  db: Database | Tx,
  requests: readonly NewScans[],
  { catalogue, announced = [] }: AcceptOptions = {},
): Promise<Accepted> {
  const wantsFresh =
    announced.length > 0 && requests.some(({ scans }) => scans.some(({ freshnessMs }) => typeof freshnessMs === "number"));
  const grows = requests.some((request) => request.grows !== undefined);
  const known = requests.flatMap(({ scans }) => scans.flatMap(({ sample }) => ("sampleId" in sample ? sample.sampleId : [])));
  const accept = sql<Accepted>`
    with catalogue as materialized (
      select ${catalogue === undefined ? sql`true` : isCatalogue(catalogue)} as is_current
    -- The requests, with ids for those that are claimed by one before anything is inserted.
    ), asked as materialized (
      select request.*, case when key is not null and (not is_batch or grows is not null) then nextval(pg_get_serial_sequence('scans', 'id')) end as scan_id,
        case when is_batch then coalesce(grows, nextval(pg_get_serial_sequence('batches', 'id'))) end as batch_id
      from jsonb_to_recordset(${JSON.stringify(requests.map(requestRow))}::jsonb) as request
        (request int, is_batch boolean, grows bigint, action text, total int, owner text, key text, input_hash text, quota_key text, known bigint[],
         key_id text, address text, request_id text, scans jsonb)
      where (select is_current from catalogue)
    -- Samples that have a row cannot be deleted from now on.
    ), kept as materialized (
      select ${NAMED} from samples where id = any(${[...new Set(known)]}::bigint[]) order by sha256 for key share
    ), possible as materialized (
      select * from asked where known <@ (select coalesce(array_agg(id), '{}') from kept)${grows ? HAS_ROOM : sql``}
    ), claimed as (
      ${claimKeys(sql`select owner, key, input_hash, scan_id, case when grows is null then batch_id end from possible where key is not null order by owner, key`)}
    ), entered as materialized (
      select possible.* from possible left join claimed using (owner, key)
      where possible.key is null
        or claimed.scan_id is not distinct from possible.scan_id and claimed.batch_id is not distinct from case when possible.grows is null then possible.batch_id end
    ), used as (
      ${addUsage(sql`select quota_key as key_id, sum(total)::int as scans from entered where quota_key is not null group by quota_key order by quota_key`)}
    ), put as (
      ${upsertBytes(bytesOf(requests), sql`where (select count(*) from used) >= 0 and requests && array(select request from entered)`)}
    ), named as materialized (
      select ${NAMED} from kept union all select * from put
    ), batch as (
      insert into batches (id, total) select batch_id, total from entered where is_batch and grows is null
    ${grows ? GROWN : sql``}), scan as materialized (
      select coalesce(case when position = 0 then entered.scan_id end, nextval(pg_get_serial_sequence('scans', 'id'))) as id, entered.request, entered.batch_id,
        key_id, address, request_id, wanted.*, coalesce(known_id, (select id from put where put.sha256 = wanted.sha256)) as sample_id,
        cardinality(engine_ids) as total
      from entered cross join jsonb_to_recordset(entered.scans) as wanted
        (position int, known_id bigint, sha256 text, name text, speed speed, internet boolean, deadline_ms double precision,
         engine_ids int[], av_total smallint, barriers smallint, skipped jsonb, labels jsonb, priority priority, stop_after smallint,
         previous bigint, fresh_ms double precision)
    ), expected as ${wantsFresh ? sql`materialized` : sql`not materialized`} (
      select scan.id as scan_id, scan.sample_id, scan.fresh_ms, engines.id as engine_id, engines.type
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
      insert into scans (id, sample_id, name, speed, internet, deadline, skipped, labels, priority, stop_after, batch_id, previous,
        total, av_total, barriers, done, detections, av_clean, end_date, verdict)
      select id, sample_id, name, speed, internet, now() + deadline_ms * interval '1 millisecond', skipped, labels, priority, stop_after,
        batch_id, previous, total, av_total, barriers, case when enough then total else reused end, detections, av_clean,
        case when is_final then now() end, scan_verdict(worst, is_final, av_total, av_clean, barriers)
      from decided
    ), copied as (
      insert into results (scan_id, engine_id, reused_from, ${COPIED})
      select for_scan, engine_id, coalesce(reused_from, scan_id), ${COPIED} from fresh
    ), remaining as materialized (
      select decided.id as scan_id, priority, enough, engines.id as engine_id, engines.speed, engines.internet
      from decided cross join unnest(engine_ids) as engine_id join engines on engines.id = engine_id
      where not exists (select from fresh where fresh.for_scan = decided.id and fresh.engine_id = engines.id)
    ), cancelled as (
      insert into results (scan_id, engine_id, state, error, ended_at)
      select scan_id, engine_id, 'CANCELLED', 'enough detections', now() from remaining where enough
    ), queued as (
      insert into results (scan_id, engine_id) select scan_id, engine_id from remaining where not enough
    ), outgoing as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select scan_id, speed, internet, array_agg(engine_id order by engine_id), priority = 'BULK'
      from remaining where not enough group by scan_id, speed, internet, priority
      returning id, scan_id, speed, internet, engine_ids, held
    ), audited as (
      insert into audit_events (key_id, address, request_id, action, subject, details)
      select key_id, address, request_id, action, subject, details from (
        select key_id, address, request_id, action, batch_id::text as subject, jsonb_build_object('scans', total) as details,
          request, -1 as position from entered where is_batch
        union all
        select key_id, address, request_id, case when previous is null then 'submitScan' else 'rescan' end, id::text,
          jsonb_strip_nulls(jsonb_build_object('name', name, 'sha256', sha256, 'previous', previous, 'batch', batch_id)), request, position
        from scan) as events
      order by request, position
    )
    select is_current as "isCurrent",
      ${array(sql`select id as "scanId", batch_id as "batchId", request, position, sample_id as "sampleId", deadline_ms as "remainingMs", case when is_final
        then scan_verdict(worst, is_final, av_total, av_clean, barriers) end as final from decided order by request, position`)} as scans,
      ${array(sql`select id as "outboxId", scan_id as "scanId", speed, internet, engine_ids as "engineIds", held from outgoing order by id`)} as requests,
      ${array(sql`select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId" from claimed`)} as claims,
      ${array(sql`select id as "sampleId", sha256, blob, encode(blob_key, 'base64') as key, isolated_chunks as isolated, internet_chunks is not null as "inInternet",
        first_seen as "firstSeen" from named`)} as samples,
      ${array(sql`select * from used`)} as usage
    from catalogue`;
  const name = `accept scans${grows ? " into a batch" : ""}${wantsFresh ? " with fresh results" : ""}`;
  const [row] = await runPrepared(db, name, accept);
  if (!row) throw new Error("accepting has no answer");
  return row;
}

/** A batch takes scans up to its limit; its row is locked until they are in. */
const HAS_ROOM = sql` and (grows is null or exists (
        select from batches where id = grows and batches.total + asked.total <= ${sql.lit(OPTION_LIMITS.batchTotal)} for no key update))`;
const GROWN = sql`), grown as (
      update batches set total = batches.total + entered.total, deleted_revisions = deleted_revisions + 1
      from entered where batches.id = entered.grows
    `;

/** The bytes to name, each once with all requests that need them. */
function bytesOf(requests: readonly NewScans[]): NewBytes[] {
  const found = new Map<string, NewBytes & { requests: number[] }>();
  for (const [request, { scans }] of requests.entries()) {
    for (const { sample } of scans) {
      if ("sampleId" in sample) continue;
      const same = found.get(sample.put.sha256);
      if (same) same.requests.push(request);
      else found.set(sample.put.sha256, { ...sample, requests: [request] });
    }
  }
  return [...found.values()];
}

function requestRow(
  { scans, isBatch = false, grows, action = "submitScans", claim, quotaKey, caller }: NewScans,
  request: number,
) {
  return {
    request,
    is_batch: isBatch,
    grows,
    action,
    total: scans.length,
    owner: claim?.owner,
    key: claim?.key,
    input_hash: claim?.inputHash,
    quota_key: quotaKey,
    known: scans.flatMap(({ sample }) => ("sampleId" in sample ? sample.sampleId : [])),
    key_id: caller.key?.id,
    address: caller.address,
    request_id: caller.requestId,
    scans: scans.map(scanRow),
  };
}

function scanRow({ sample, name, speed, internet, deadlineMs, expected, skipped, ...scan }: NewScan, position: number) {
  return {
    position,
    ...("sampleId" in sample ? { known_id: sample.sampleId, sha256: sample.sha256 } : { sha256: sample.put.sha256 }),
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
    stop_after: scan.stopAfter,
    previous: scan.previous,
    fresh_ms: scan.freshnessMs,
  };
}

/** Rows as one value: an answer has several lists. */
function array(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select coalesce(jsonb_agg(one), '[]') from (${rows}) as one)`;
}

/** Takes an id for a scan that must be known before it is inserted. */
export async function takeScanId(tx: Tx): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval(pg_get_serial_sequence('scans', 'id')) as id`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error("no id was taken");
  return row.id;
}

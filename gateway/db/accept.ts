import { sql, type RawBuilder } from "kysely";
import type { EngineSpeed } from "../../schema/classes.js";
import type { Verdict } from "../../schema/states.js";
import type { SampleLocation } from "../bus/sample-store.js";
import { bytesOf, knownSamples, requestRow, type NewScans } from "./accept-rows.js";
import {
  BATCH_EVENTS,
  BATCHES,
  claimed,
  COPY,
  COUNTED,
  GROWN,
  IDS,
  kept,
  NO_IDS,
  NOTHING,
  REMAINING,
  UNDECIDED,
  withFresh,
} from "./accept-steps.js";
import { isCatalogue } from "./catalogue.js";
import type { Database, Tx } from "./database.js";
import type { Claim } from "./idempotency.js";
import { runPrepared } from "./prepared.js";
import type { Usage } from "./quota.js";
import type { AnnouncedFingerprints } from "./reuse.js";
import { NAMED, upsertBytes } from "./samples.js";

/** The row of a sample as it is now. */
export interface NamedSample {
  readonly sampleId: number;
  readonly sha256: string;
  /** If this is not the blob that was just put, the new one is redundant. */
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
  /** The request it belongs to, and its position there. */
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

/** What was accepted. If none of a request's scans were inserted, its key was claimed before or one of its samples was deleted. */
export interface Accepted {
  /** Whether the catalogue has not changed since the scans were planned. If it has, nothing was inserted. */
  readonly isCurrent: boolean;
  readonly scans: readonly InsertedScan[];
  readonly requests: readonly InsertedRequest[];
  /** What each idempotency key stands for from now on. */
  readonly claims: readonly Claim[];
  readonly samples: readonly NamedSample[];
  /** The usage of keys, including these scans. If it exceeds a quota, the caller must roll back. */
  readonly usage: readonly Usage[];
}

export interface AcceptOptions {
  /** The digest of the catalogue by which the scans were planned; undefined skips the check. */
  readonly catalogue?: string | null | undefined;
  readonly announced?: AnnouncedFingerprints;
}

/**
 * Accepts scans in the order given: inserts samples, scans, results, outbox rows and audit rows, claims idempotency keys and counts towards
 * quotas. Fresh results are copied from earlier scans of the sample. A single statement makes it one snapshot and one commit. A scan that
 * waits for no engine is final at once.
 *
 * Lock order: existing samples, idempotency keys, quotas, samples whose bytes were just stored.
 */
export async function acceptScans(
  db: Database | Tx,
  requests: readonly NewScans[],
  { catalogue, announced = [] }: AcceptOptions = {},
): Promise<Accepted> {
  const known = requests.flatMap(({ scans }) => knownSamples(scans));
  // Most requests need few of the steps, and Postgres spends time on each step even if it gets no rows.
  const wantsFresh =
    announced.length > 0 && requests.some(({ scans }) => scans.some(({ freshnessMs }) => typeof freshnessMs === "number"));
  const grows = requests.some((request) => request.grows !== undefined);
  const isPlain = !grows && requests.every(({ isBatch, claim, quotaKey }) => !isBatch && !claim && quotaKey === undefined);
  const isKept = known.length === 0 ? sql`true` : sql`known <@ (select coalesce(array_agg(id), '{}') from kept)`;
  const accept = sql<Accepted>`
    with catalogue as materialized (
      select ${catalogue === undefined ? sql`true` : isCatalogue(catalogue)} as is_current
    -- The requests, with ids for those that are claimed by one before anything is inserted.
    ), asked as materialized (
      select request.*, ${isPlain ? NO_IDS : IDS}
      from jsonb_to_recordset(${JSON.stringify(requests.map(requestRow))}::jsonb) as request
        (request int, is_batch boolean, grows bigint, action text, total int, owner text, key text, input_hash text, quota_key text, known bigint[],
         key_id text, address text, request_id text, scans jsonb)
      where (select is_current from catalogue)
    ${known.length === 0 ? sql`` : kept(known)}), ${isPlain ? sql`entered as materialized (select * from asked where ${isKept}` : claimed(isKept, grows)}
    ), put as (
      ${upsertBytes(bytesOf(requests), sql`where ${isPlain ? sql`` : COUNTED} requests && array(select request from entered)`)}
    ), named as materialized (
      ${known.length === 0 ? sql`` : sql`select ${NAMED} from kept union all`} select * from put
    ${isPlain ? sql`` : BATCHES}${grows ? GROWN : sql``}), scan as materialized (
      select coalesce(case when position = 0 then entered.scan_id end, nextval(pg_get_serial_sequence('scans', 'id'))) as id, entered.request, entered.batch_id,
        key_id, address, request_id, wanted.*, coalesce(known_id, (select id from put where put.sha256 = wanted.sha256)) as sample_id,
        cardinality(engine_ids) as total
      from entered cross join jsonb_to_recordset(entered.scans) as wanted
        (position int, known_id bigint, sha256 text, name text, speed speed, internet boolean, deadline_ms double precision,
         engine_ids int[], av_total smallint, barriers smallint, skipped jsonb, labels jsonb, priority priority, stop_after smallint,
         previous bigint, fresh_ms double precision)
    ), ${wantsFresh ? withFresh(announced) : sql`decided as materialized (${UNDECIDED}`}
    ), accepted as (
      insert into scans (id, sample_id, name, speed, internet, deadline, skipped, labels, priority, stop_after, batch_id, previous,
        total, av_total, barriers, done, detections, av_clean, end_date, verdict)
      select id, sample_id, name, speed, internet, now() + deadline_ms * interval '1 millisecond', skipped, labels, priority, stop_after,
        batch_id, previous, total, av_total, barriers, case when enough then total else reused end, detections, av_clean,
        case when is_final then now() end, scan_verdict(worst, is_final, av_total, av_clean, barriers)
      from decided
    ${wantsFresh ? COPY : sql``}), remaining as materialized (
      select decided.id as scan_id, priority, enough, engines.id as engine_id, engines.speed, engines.internet
      from decided cross join unnest(engine_ids) as engine_id join engines on engines.id = engine_id
      ${wantsFresh ? REMAINING : sql``}), queued as (
      insert into results (scan_id, engine_id) select scan_id, engine_id from remaining where not enough
    ), outgoing as (
      insert into outbox (scan_id, speed, internet, engine_ids, held)
      select scan_id, speed, internet, array_agg(engine_id order by engine_id), priority = 'BULK'
      from remaining where not enough group by scan_id, speed, internet, priority
      returning id, scan_id, speed, internet, engine_ids, held
    ), audited as (
      insert into audit_events (key_id, address, request_id, action, subject, details)
      select key_id, address, request_id, action, subject, details from (
        ${isPlain ? sql`` : BATCH_EVENTS}
        select key_id, address, request_id, case when previous is null then 'submitScan' else 'rescan' end as action, id::text as subject,
          jsonb_strip_nulls(jsonb_build_object('name', name, 'sha256', sha256, 'previous', previous, 'batch', batch_id)) as details,
          request, position
        from scan) as events
      order by request, position
    )
    select is_current as "isCurrent",
      ${array(sql`select id as "scanId", batch_id as "batchId", request, position, sample_id as "sampleId", deadline_ms as "remainingMs", case when is_final
        then scan_verdict(worst, is_final, av_total, av_clean, barriers) end as final from decided order by request, position`)} as scans,
      ${array(sql`select id as "outboxId", scan_id as "scanId", speed, internet, engine_ids as "engineIds", held from outgoing order by id`)} as requests,
      ${isPlain ? NOTHING : array(sql`select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId" from claimed`)} as claims,
      ${array(sql`select id as "sampleId", sha256, blob, encode(blob_key, 'base64') as key, isolated_chunks as isolated, internet_chunks is not null as "inInternet",
        first_seen as "firstSeen" from named`)} as samples,
      ${isPlain ? NOTHING : array(sql`select * from used`)} as usage
    from catalogue`;
  const steps = [
    isPlain ? "plain" : "",
    grows ? "into a batch" : "",
    known.length === 0 ? "" : "known",
    wantsFresh ? "with fresh results" : "",
  ];
  const name = ["accept scans", ...steps.filter((step) => step !== "")].join(" ");
  const [row] = await runPrepared(db, name, accept);
  if (!row) throw new Error("accepting has no answer");
  return row;
}

/** Rows as one JSON value, because the answer has several lists. */
function array(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select coalesce(jsonb_agg(one), '[]') from (${rows}) as one)`;
}

/** Reserves the id of a scan that must be known before it is inserted. */
export async function takeScanId(tx: Tx): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval(pg_get_serial_sequence('scans', 'id')) as id`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error("no id was taken");
  return row.id;
}

import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Closed } from "../../schema/closed.js";
import type { Detection } from "../../schema/detection.js";
import type { ResultMessage } from "../../schema/messages.js";
import type { EngineVerdict, ResultCause, ResultState, Verdict } from "../../schema/states.js";
import type { Suppressed } from "../../schema/suppressed.js";
import type { Database, Tx } from "./database.js";
import { runPrepared } from "./prepared.js";

/** A result to merge into its row. */
export interface IncomingResult {
  readonly scanId: number;
  /** The engine's subject token. */
  readonly engine: string;
  /** The class of the account it came from: a result counts only for engines of that class. */
  readonly internet: InternetClass;
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly error: string | null;
  readonly cause: ResultCause | null;
  readonly versions: ResultMessage["versions"];
  readonly image: ResultMessage["image"];
  readonly fingerprint?: string | undefined;
  readonly agent: string | null;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  readonly fetchingMs?: number | undefined;
  readonly startingMs?: number | undefined;
  readonly exitCode?: number | undefined;
  readonly setup?: string | undefined;
  readonly details: Record<string, unknown> | null;
  readonly closed?: readonly Closed[] | undefined;
  /** All its detections, if the engine reports more than the first. */
  readonly detections?: readonly Detection[] | undefined;
  /** Its detections that are suppressed. */
  readonly suppressed?: readonly Suppressed[] | undefined;
  readonly truncated: boolean;
  /** What to record instead if the engine is an AV engine; default: the result itself. */
  readonly ofAntivirus?: IncomingResult | undefined;
}

/** A scan that was changed. */
export interface ChangedScan {
  readonly scanId: number;
  readonly revision: number;
  /** Set if this change made it final. */
  readonly final: { verdict: Verdict; seconds: number } | null;
}

/** The effects of merging results. */
export interface MergedResults {
  /** Which of the scans exist. */
  readonly scanIds: ReadonlySet<number>;
  readonly changed: readonly ChangedScan[];
  /** Scans that still wait for engines although they have enough detections. */
  readonly reachedStopAfter: readonly number[];
}

/** Locks scans in id order, the first step of every writer of results. Returns the ids that exist. */
export async function lockScans(tx: Tx, scanIds: readonly number[]): Promise<number[]> {
  const lock = sql<{ id: number }>`
    select id from scans where id = any(${[...new Set(scanIds)]}::bigint[]) order by id + 0 for update`;
  return (await runPrepared(tx, "lock scans", lock)).map(({ id }) => id);
}

/** Which of the scans are locked by another session now. */
export async function findLocked(db: Database, scanIds: readonly number[]): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number }>`
    with free as materialized (select id from scans where id = any(${[...scanIds]}::bigint[]) for update skip locked)
    select id from scans where id = any(${[...scanIds]}::bigint[]) and id not in (select id from free)`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Merges results into their rows in one statement, which may be part of a transaction. It first locks the scans in id order. Results only
 * move up: of several for one row the highest wins, and among equals the first. The statement also updates counters, verdict, revision and
 * end date of the scans, deletes outbox rows of scans that have become final, and adds webhook deliveries for detections in scans that were
 * already final.
 */
export async function raiseResults(db: Database, results: readonly IncomingResult[]): Promise<MergedResults> {
  const rows = results.flatMap(({ ofAntivirus, ...result }, position) =>
    ofAntivirus === undefined
      ? [rowOf(result, position)]
      : [
          { ...rowOf(result, position), only_av: false },
          { ...rowOf(ofAntivirus, position), only_av: true },
        ],
  );
  const scanIds = [...new Set(results.map(({ scanId }) => scanId))];
  // The statement sees the scans and results it locks as last committed, but engines and the outbox as of its start. So nothing is recorded
  // while an engine is changed (lockResults), and the sweep removes requests that were inserted meanwhile.
  const raise = sql<RaisedRow>`
    -- The scans, locked in the same order by every writer.
    with locked as materialized (
      select id, end_date, detections, stop_after from scans where id = any(${scanIds}::bigint[]) order by id + 0 for update
    -- The messages; of several for one row, the one of the highest rank.
    ), incoming as materialized (
      select distinct on (message.scan_id, engines.id) message.*, engines.id as engine_id, engines.type,
        bars_clean(engines.type, engines.detects, message.state) as bars_clean
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as message
        (position int, scan_id bigint, engine text, in_internet boolean, state result_state, verdict verdict, signature text,
         error text, cause text, engine_version text, signature_version text, signature_date timestamptz,
         image_id text, image_digest text, fingerprint text, agent text, only_av boolean,
         started_at timestamptz, duration_ms double precision, fetching_ms real, starting_ms real,
         exit_code smallint, setup uuid, details jsonb, closed jsonb,
         suppressed jsonb, truncated boolean)
      join engines on lower(engines.name) = message.engine and engines.internet = message.in_internet
        and coalesce(message.only_av = (engines.type = 'AV'), true)
      order by message.scan_id, engines.id, message.state desc, message.verdict desc nulls last, message.position
    -- Each message with the current row.
    ), matched as materialized (
      select incoming.*, results.state as old_state, results.verdict as old_verdict, results.bars_clean as old_bars_clean
      from incoming join results on results.scan_id = incoming.scan_id and results.engine_id = incoming.engine_id
      -- Read only after all scans are locked.
      where (select count(*) from locked) > 0 for update of results
    -- The rows whose rank rises, with the changes to the counters of their scans.
    ), raised as (
      update results set
        state = matched.state, verdict = matched.verdict, signature = matched.signature, error = matched.error,
        cause = matched.cause, engine_version = matched.engine_version, signature_version = matched.signature_version,
        signature_date = matched.signature_date, image_id = matched.image_id, image_digest = matched.image_digest,
        fingerprint = matched.fingerprint, agent = coalesce(matched.agent, results.agent),
        started_at = coalesce(matched.started_at, results.started_at), duration_ms = matched.duration_ms,
        fetching_ms = matched.fetching_ms, starting_ms = matched.starting_ms, exit_code = matched.exit_code, setup = matched.setup,
        ended_at = case when matched.state > 'SCANNING' then now() end,
        details = nullif(matched.details, 'null'::jsonb), closed = matched.closed,
        suppressed = matched.suppressed, truncated = matched.truncated, bars_clean = matched.bars_clean
      from matched
      where results.scan_id = matched.scan_id and results.engine_id = matched.engine_id and (
        matched.state > old_state
        or matched.state = old_state and matched.verdict is not null and (old_verdict is null or matched.verdict > old_verdict))
      returning results.scan_id, results.state, results.verdict,
        old_state <= 'SCANNING' and results.state > 'SCANNING' as closed,
        coalesce(results.verdict >= 'SUSPICIOUS', false)::int - coalesce(old_verdict >= 'SUSPICIOUS', false)::int as detections,
        case when matched.type = 'AV'
          then coalesce(results.verdict = 'CLEAN', false)::int - coalesce(old_verdict = 'CLEAN', false)::int else 0 end as av_clean,
        results.bars_clean::int - old_bars_clean::int as barriers
    -- The sum of these changes for each scan.
    ), sums as (
      select scan_id, count(*) filter (where closed) as closed, sum(detections) as detections, sum(av_clean) as av_clean,
        sum(barriers) as barriers, max(verdict) filter (where verdict >= 'SUSPICIOUS') as worst
      from raised group by scan_id order by scan_id
    -- The scans.
    ), changed as (
      update scans set
        done = done + sums.closed,
        detections = scans.detections + sums.detections,
        av_clean = scans.av_clean + sums.av_clean,
        barriers = scans.barriers + sums.barriers,
        revision = revision + 1,
        end_date = case when done + sums.closed = total then coalesce(end_date, now()) end,
        verdict = scan_verdict(greatest(verdict, sums.worst), done + sums.closed = total,
          av_total, scans.av_clean + sums.av_clean, scans.barriers + sums.barriers)
      from sums where scans.id = sums.scan_id
      returning id, revision, verdict, extract(epoch from now() - start_date)::float8 as seconds,
        end_date is null and coalesce(scans.detections >= stop_after, false) as reached_stop_after,
        end_date is not null and sums.closed > 0 as became_final,
        end_date is not null and sums.closed = 0 and sums.worst is not null and origin is null as detected_late
    -- Nobody waits for answers to a final scan.
    ), settled as (
      delete from outbox where scan_id = any(array(select id from changed where became_final))
    -- Webhooks for detections in scans that were final already; final scans have their own.
    ), notified as (
      insert into webhook_deliveries (webhook_id, event, scan_id)
      select webhooks.id, 'SCAN_DETECTED', changed.id from changed cross join webhooks
      where detected_late and enabled and 'SCAN_DETECTED' = any(events)
    )
    -- Every scan before the change, and the new values.
    select id as "scanId", null as revision, null as verdict, null as seconds, null as "becameFinal",
      end_date is null and coalesce(detections >= stop_after, false) as "reachedStopAfter"
    from locked union all select id, revision, verdict, seconds, became_final, reached_stop_after from changed order by 1, 2 nulls first`;
  const found = await runPrepared(db, "raise results", raise);
  const now = new Map(found.map((row) => [row.scanId, row]));
  return {
    scanIds: new Set(now.keys()),
    changed: found.flatMap((row) => {
      if (row.revision === null) return [];
      const { scanId, revision, verdict, seconds, becameFinal } = row;
      return [{ scanId, revision, final: becameFinal ? { verdict, seconds } : null }];
    }),
    reachedStopAfter: [...now.values()].filter(({ reachedStopAfter }) => reachedStopAfter).map(({ scanId }) => scanId),
  };
}

function rowOf(result: IncomingResult, position: number) {
  const { versions, image, scanId, internet, startedAt, durationMs, fetchingMs, startingMs, exitCode, ...rest } = result;
  return {
    position,
    scan_id: scanId,
    in_internet: internet === "internet",
    started_at: startedAt,
    duration_ms: durationMs,
    fetching_ms: fetchingMs,
    starting_ms: startingMs,
    exit_code: exitCode,
    engine_version: versions.engine,
    signature_version: versions.signatures,
    signature_date: versions.signatureDate,
    image_id: image?.id ?? null,
    image_digest: image?.digest ?? null,
    ...rest,
  };
}

/** A scan, with its changes if there were any. */
type RaisedRow = { readonly scanId: number; readonly reachedStopAfter: boolean } & (
  | { readonly revision: null }
  | { readonly revision: number; readonly verdict: Verdict; readonly seconds: number; readonly becameFinal: boolean }
);

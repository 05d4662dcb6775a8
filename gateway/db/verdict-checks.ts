import { sql } from "kysely";
import type { EngineVerdict, ResultState } from "../../schema/states.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { Tx } from "./database.js";
import { LAST_ID, LATEST_SCANS } from "./reuse.js";

/** An engine's answer, with its versions at that time. */
export interface Answer {
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly engineVersion: string | null;
  readonly signatureVersion: string | null;
}

/** A sample, and an engine's last answer for it. */
export interface Candidate {
  readonly sampleId: number;
  readonly mime: string;
  /** Null if it is not stored, or its latest scans have no finished answer of the engine. */
  readonly last:
    | (Answer & {
        readonly scanId: number;
        readonly internet: boolean;
        readonly imageId: string | null;
        readonly bundles: ServedBundles | null;
      })
    | null;
}

/** The samples before a given one, the newest first, each with the engine's last answer; read the same way as in `latestFresh`. */
export async function readCandidates(
  tx: Tx,
  { engineId, before, limit }: { engineId: number; before: number | null; limit: number },
): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    select sample.id as "sampleId", sample.mime, to_jsonb(last) as last
    from (select id, mime, blob from samples where id < ${before ?? LAST_ID} order by id desc limit ${limit}) as sample
    left join lateral (
      select latest.id as "scanId", latest.internet, results.verdict, results.signature, results.engine_version as "engineVersion",
        results.signature_version as "signatureVersion", results.image_id as "imageId",
        (select setup -> 'bundles' from engine_setups where engine_setups.id = results.setup) as bundles
      from (
        select id, internet, end_date, origin from scans where (sample_id, id) <= (sample.id, ${sql.lit(LAST_ID)}) and sample_id = sample.id
        order by sample_id desc, id desc limit ${sql.lit(LATEST_SCANS)}) as latest
      join results on results.scan_id = latest.id and results.engine_id = ${engineId}
      where sample.blob is not null and latest.end_date is not null and latest.origin is distinct from 'CHECK' and results.state = 'DONE'
      order by latest.id desc limit 1) as last on true
    order by sample.id desc`.execute(tx);
  return rows;
}

export async function insertCheck(tx: Tx, check: { scanId: number; runId: number; engineId: number }): Promise<void> {
  await tx
    .insertInto("verdict_checks")
    .values({ scan_id: check.scanId, run_id: check.runId, engine_id: check.engineId })
    .execute();
}

/** A final scan of a run. */
export interface EndedCheck {
  readonly scanId: number;
  readonly runId: number;
  readonly engineId: number;
  readonly engine: string;
  readonly sampleId: number;
  readonly previous: number;
  readonly revision: number;
  readonly state: ResultState;
  readonly durationMs: number | null;
  readonly now: Answer;
  /** Null if the scan with the earlier verdict was deleted meanwhile. */
  readonly before: Answer | null;
}

/** Locks final scans of runs, with the engine's new and earlier answers. */
export async function lockEndedChecks(tx: Tx, limit: number): Promise<EndedCheck[]> {
  const answer = (table: string) => sql`jsonb_build_object('verdict', ${sql.ref(`${table}.verdict`)},
    'signature', ${sql.ref(`${table}.signature`)}, 'engineVersion', ${sql.ref(`${table}.engine_version`)},
    'signatureVersion', ${sql.ref(`${table}.signature_version`)})`;
  const { rows } = await sql<EndedCheck>`
    select scans.id as "scanId", checks.run_id as "runId", checks.engine_id as "engineId", engines.name as engine, scans.sample_id as "sampleId",
      scans.previous, scans.revision, found.state, found.duration_ms as "durationMs", ${answer("found")} as now,
      case when earlier.scan_id is not null then ${answer("earlier")} end as before
    from verdict_checks as checks
    join engines on engines.id = checks.engine_id
    join scans on scans.id = checks.scan_id and scans.end_date is not null
    join results as found on found.scan_id = scans.id and found.engine_id = checks.engine_id
    left join results as earlier on earlier.scan_id = scans.previous and earlier.engine_id = checks.engine_id
    order by scans.id limit ${limit} for update of scans`.execute(tx);
  return rows;
}

import { sql } from "kysely";
import type { Tx } from "./database.js";

/** What an engine answered, in numbers. */
export interface AnswerNumbers {
  readonly answers: number;
  /** FAILED and TIMEOUT. */
  readonly failures: number;
  readonly detections: number;
  /** Null if no answer has a duration. */
  readonly p95Ms: number | null;
}

/** An answer worth looking at. */
export interface AnswerSample {
  readonly scanId: number;
  readonly sha256: string;
  readonly name: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly signature: string | null;
  readonly error: string | null;
  readonly durationMs: number | null;
}

/** An engine's answers on one host since it began to serve a new bundle. */
export interface CanaryAnswers {
  readonly engineId: number;
  readonly agent: string;
  readonly since: Date;
  /** The newest scan at that time. */
  readonly afterScan: number;
}

/** Only this many of the last scans are examined. */
const LAST_SCANS = 20_000;
const MOST_ANSWERS = 1_000;

function answersOf({ engineId, agent, since, afterScan }: CanaryAnswers) {
  return sql`select scan_id, state, verdict, signature, error, duration_ms from results
    where scan_id > greatest(${afterScan}::bigint, (select max(id) from scans) - ${LAST_SCANS}::bigint) and engine_id = ${engineId}::integer
      and agent = ${agent} and reused_from is null and ended_at >= ${since} and state in ('FAILED', 'TIMEOUT', 'UNSCANNED', 'DONE')
    order by scan_id limit ${MOST_ANSWERS}::integer`;
}

/** A canary's answers in numbers. */
export async function readCanaryFigures(tx: Tx, canary: CanaryAnswers): Promise<AnswerNumbers> {
  const { rows } = await sql<AnswerNumbers>`
    select count(*) as answers, count(*) filter (where state in ('FAILED', 'TIMEOUT')) as failures,
      count(*) filter (where verdict >= 'SUSPICIOUS') as detections,
      percentile_disc(0.95) within group (order by duration_ms) as "p95Ms"
    from (${answersOf(canary)}) as answers`.execute(tx);
  return rows[0] ?? { answers: 0, failures: 0, detections: 0, p95Ms: null };
}

/** Which answers illustrate a figure best. */
export type ShownAnswers = "FAILURES" | "DETECTIONS" | "MISSES" | "SLOWEST";

const CHOICES = {
  FAILURES: { where: sql`state in ('FAILED', 'TIMEOUT')`, order: sql`scan_id desc` },
  DETECTIONS: { where: sql`answers.verdict >= 'SUSPICIOUS'`, order: sql`scan_id desc` },
  MISSES: { where: sql`state = 'DONE' and coalesce(answers.verdict, 'CLEAN') < 'SUSPICIOUS'`, order: sql`scan_id desc` },
  SLOWEST: { where: sql`duration_ms is not null`, order: sql`duration_ms desc` },
};

/** A few of a canary's answers, with their samples. */
export async function readCanarySamples(tx: Tx, canary: CanaryAnswers, which: ShownAnswers): Promise<AnswerSample[]> {
  const { where, order } = CHOICES[which];
  const { rows } = await sql<AnswerSample>`
    select scan_id as "scanId", samples.sha256, scans.name, state, answers.verdict, signature, left(error, 300) as error,
      duration_ms as "durationMs"
    from (${answersOf(canary)}) as answers join scans on scans.id = scan_id join samples on samples.id = scans.sample_id
    where ${where} order by ${order} limit 20`.execute(tx);
  return rows;
}

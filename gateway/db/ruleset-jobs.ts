import { sql } from "kysely";
import type { Presence } from "../../schema/presence.js";
import { TRY_PIECE, type RuleJobKind, type RuleJobState, type SampleTried, type TryOutcome } from "../../schema/rule-job.js";
import type { Database, Tx } from "./database.js";
import { lockUnchanged } from "./lock-unchanged.js";

/** An open job. */
export interface OpenRuleJob {
  readonly jobId: number;
  readonly versionId: number;
  readonly kind: RuleJobKind;
  /** The id under which its agent knows it. */
  readonly job: string;
  readonly agent: string | null;
  /** When its agent's process started; null if it has no agent, or an earlier release of a gateway assigned it. */
  readonly processStartedAt: Date | null;
  /** How often it was started since the last progress that was kept. */
  readonly hosts: number;
  /** Agents that reported that they cannot do it. */
  readonly failedAgents: readonly string[];
  readonly state: RuleJobState;
  readonly reason: string | null;
  readonly done: number;
  readonly total: number;
  readonly piece: number;
  readonly engine: string;
  readonly digest: string;
  /** How long its agent has not reported on it, in milliseconds. */
  readonly silentMs: number;
}

export const ENDS: readonly RuleJobState[] = ["DONE", "FAILED", "CANCELLED"];

/** All open jobs, the oldest first. */
export async function readOpenRuleJobs(db: Database | Tx): Promise<OpenRuleJob[]> {
  return db
    .selectFrom("ruleset_jobs as job")
    .innerJoin("ruleset_versions as version", "version.id", "job.version_id")
    .innerJoin("engines as engine", "engine.id", "version.engine_id")
    .select([
      "job.id as jobId",
      "job.version_id as versionId",
      "job.kind",
      "job.job",
      "job.agent",
      "job.process_started_at as processStartedAt",
      "job.hosts",
      "job.failed_agents as failedAgents",
      "job.state",
      "job.reason",
      "job.done",
      "job.total",
      "job.piece",
      "engine.name as engine",
      "version.digest",
      sql<number>`extract(epoch from now() - coalesce(job.heard_at, job.created_at))::float8 * 1000`.as("silentMs"),
    ])
    .where("job.ended_at", "is", null)
    .orderBy("job.id")
    .execute();
}

/**
 * Locks a job if it has not changed since it was read, after its version like those who cancel it; false if another gateway has locked or
 * changed it.
 */
export async function lockRuleJob(tx: Tx, { jobId, versionId, job, piece, agent }: OpenRuleJob): Promise<boolean> {
  const version = await tx
    .selectFrom("ruleset_versions")
    .select("id")
    .where("id", "=", versionId)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (version === undefined) return false;
  return lockUnchanged(tx, "ruleset_jobs", { id: jobId, job, piece, agent, ended_at: null });
}

/** Prevents others from assigning jobs until the transaction ends. */
export async function lockGivenJobs(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('ruleset jobs', 0))`.execute(tx);
}

/** Assigns a locked job to an agent's process, under a new id. */
export async function giveRuleJob(
  tx: Tx,
  jobId: number,
  { agent, startedAt }: Pick<Presence, "agent" | "startedAt">,
): Promise<void> {
  await tx
    .updateTable("ruleset_jobs")
    .set({
      agent,
      process_started_at: startedAt,
      job: sql`gen_random_uuid()`,
      hosts: sql`hosts + 1`,
      state: "RUNNING",
      reason: null,
      given_at: sql`now()`,
      heard_at: sql`now()`,
    })
    .where("id", "=", jobId)
    .execute();
}

/** Takes a locked job from its agent, or notes why it waits. */
export async function putOffRuleJob(tx: Tx, jobId: number, reason: string): Promise<void> {
  await tx
    .updateTable("ruleset_jobs")
    .set({ agent: null, process_started_at: null, state: "WAITING", reason })
    .where("id", "=", jobId)
    .where(sql<boolean>`(agent is not null or state <> 'WAITING' or reason is distinct from ${reason})`)
    .execute();
}

/** Takes a locked job from its agent without counting it as an attempt. */
export async function takeBackRuleJob(tx: Tx, jobId: number, reason: string): Promise<void> {
  await putOffRuleJob(tx, jobId, reason);
  await tx
    .updateTable("ruleset_jobs")
    .set({ hosts: sql`greatest(hosts - 1, 0)` })
    .where("id", "=", jobId)
    .execute();
}

/** Takes a locked job from its agent for good: that agent will not get it again. */
export async function failRuleJobAt(tx: Tx, jobId: number, reason: string): Promise<void> {
  await tx
    .updateTable("ruleset_jobs")
    .set({ failed_agents: sql`array_append(failed_agents, agent)` })
    .where("id", "=", jobId)
    .execute();
  await putOffRuleJob(tx, jobId, reason);
}

/** Notes that its agent is working on it, and the progress of a check. */
export async function hearRuleJob(tx: Tx, jobId: number, progress?: { done: number; total: number }): Promise<void> {
  await tx
    .updateTable("ruleset_jobs")
    .set({ heard_at: sql`now()`, ...progress })
    .where("id", "=", jobId)
    .execute();
}

export async function endRuleJob(tx: Tx, jobId: number, state: RuleJobState, reason: string | null = null): Promise<void> {
  await tx
    .updateTable("ruleset_jobs")
    .set({ state, reason, ended_at: sql`now()` })
    .where("id", "=", jobId)
    .execute();
}

/** Ends the open jobs of a version and returns their kinds. */
export async function cancelRuleJobs(tx: Tx, versionId: number): Promise<RuleJobKind[]> {
  const rows = await tx
    .updateTable("ruleset_jobs")
    .set({ state: "CANCELLED", reason: null, ended_at: sql`now()` })
    .where("version_id", "=", versionId)
    .where("ended_at", "is", null)
    .returning("kind")
    .execute();
  return rows.map(({ kind }) => kind).toSorted();
}

/** Schedules another check of a version. */
export async function insertCheck(tx: Tx, versionId: number): Promise<void> {
  await tx.insertInto("ruleset_jobs").values({ version_id: versionId, kind: "CHECK" }).execute();
}

/**
 * Begins a try against the newest stored samples, replacing the results of earlier ones. Undefined if there are no samples; nothing was
 * begun.
 */
export async function insertTry(tx: Tx, versionId: number, most: number): Promise<number | undefined> {
  await tx.deleteFrom("ruleset_jobs").where("version_id", "=", versionId).where("kind", "=", "TRY").execute();
  const { id } = await tx
    .insertInto("ruleset_jobs")
    .values({ version_id: versionId, kind: "TRY" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const { numAffectedRows } = await sql`
    insert into ruleset_try_samples (job_id, at, sample_id)
    select ${id}, row_number() over (order by id desc) - 1, id
    from (select id from samples where blob is not null order by id desc limit ${most}) as newest`.execute(tx);
  const total = Number(numAffectedRows ?? 0);
  if (total === 0) {
    await tx.deleteFrom("ruleset_jobs").where("id", "=", id).execute();
    return undefined;
  }
  await tx.updateTable("ruleset_jobs").set({ total }).where("id", "=", id).execute();
  return id;
}

/** A sample of a piece; its fields are null if it was deleted. */
export interface PieceSample {
  readonly at: number;
  readonly sha256: string | null;
  readonly md5: string | null;
  readonly sha1: string | null;
  readonly size: number | null;
  readonly blob: string | null;
  readonly key: string | null;
}

/** The next samples of a try. */
export async function readPiece(db: Database | Tx, jobId: number, from: number): Promise<PieceSample[]> {
  const { rows } = await sql<PieceSample>`
    select tried.at, sample.sha256, sample.md5, sample.sha1, sample.size, sample.blob, encode(sample.blob_key, 'base64') as key
    from ruleset_try_samples tried left join samples sample on sample.id = tried.sample_id and sample.blob is not null
    where tried.job_id = ${jobId} and tried.at >= ${from} and tried.at < ${from + TRY_PIECE}
    order by tried.at`.execute(db);
  return rows;
}

/** Records the outcome of a locked piece and moves on to the next. Samples without an outcome were deleted. */
export async function recordPiece(tx: Tx, { jobId, done, total }: OpenRuleJob, tried: readonly SampleTried[]): Promise<void> {
  const end = Math.min(done + TRY_PIECE, total);
  const its = tried.filter(({ at }) => at >= done && at < end);
  await sql`
    update ruleset_try_samples as sample set outcome = coalesce(told.outcome, 'GONE'),
      rules = coalesce(array(select jsonb_array_elements_text(told.rules)), '{}'), reason = told.reason
    from ruleset_try_samples as mine
    left join jsonb_to_recordset(${JSON.stringify(its)}::jsonb) as told (at int, outcome text, rules jsonb, reason text) on told.at = mine.at
    where mine.job_id = ${jobId} and mine.at >= ${done} and mine.at < ${end}
      and sample.job_id = mine.job_id and sample.at = mine.at`.execute(tx);
  await sql`
    update ruleset_jobs as job set done = ${end}, piece = job.piece + 1, heard_at = now(), hosts = 1,
      matched = job.matched + counted.matched, unfinished = job.unfinished + counted.unfinished, gone = job.gone + counted.gone
    from (select count(*) filter (where outcome = 'MATCH') as matched, count(*) filter (where outcome = 'GONE') as gone,
        count(*) filter (where outcome in ('TIMEOUT', 'FAILED', 'UNSCANNED')) as unfinished
      from ruleset_try_samples where job_id = ${jobId} and at >= ${done} and at < ${end}) as counted
    where job.id = ${jobId}`.execute(tx);
}

/** How many samples of a try have timed out so far. */
export async function countTimeouts(tx: Tx, jobId: number): Promise<number> {
  const { count } = await tx
    .selectFrom("ruleset_try_samples")
    .select((all) => all.fn.countAll<number>().as("count"))
    .where("job_id", "=", jobId)
    .where("outcome", "=", "TIMEOUT")
    .executeTakeFirstOrThrow();
  return count;
}

/** A sample of a try with an outcome to report. */
export interface TriedSampleRecord {
  readonly at: number;
  readonly sampleId: number;
  readonly sha256: string;
  readonly outcome: TryOutcome;
  readonly rules: readonly string[];
  readonly reason: string | null;
  /** The name of its newest scan. */
  readonly name: string | null;
}

/** The samples of a try that matched or did not finish, the newest first; deleted ones are left out. */
export async function readTried(
  db: Database,
  jobId: number,
  { outcomes, after, limit }: { outcomes: readonly TryOutcome[]; after: number | undefined; limit: number },
): Promise<TriedSampleRecord[]> {
  const { rows } = await sql<TriedSampleRecord>`
    select tried.at, sample.id as "sampleId", sample.sha256, tried.outcome, tried.rules, tried.reason,
      (select name from scans where sample_id = sample.id order by sample_id desc, id desc limit 1) as name
    from ruleset_try_samples tried join samples sample on sample.id = tried.sample_id
    where tried.job_id = ${jobId} and tried.outcome = any(${[...outcomes]}::text[]) and tried.at > ${after ?? -1}
    order by tried.at limit ${limit}`.execute(db);
  return rows;
}

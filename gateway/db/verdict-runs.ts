import { sql } from "kysely";
import type { EngineRecord } from "../../schema/reports.js";
import type { VerdictRunState } from "../../schema/verdict-runs.js";
import type { Database, Tx } from "./database.js";

/** An engine whose updates trigger rescans. */
export interface Follow {
  readonly engineId: number;
  /** The version that all its hosts last agreed on; null if they never agreed. */
  readonly version: string | null;
}

/** An open run. */
export interface OpenRun {
  readonly runId: number;
  readonly engineId: number;
  readonly version: string;
  readonly beforeSample: number | null;
  /** Whether it is pausing, so that the engine has time for other scans. */
  readonly rests: boolean;
}

/** A run as shown to people. */
export interface VerdictRunRecord {
  readonly runId: number;
  readonly engineId: number;
  readonly version: string;
  readonly state: VerdictRunState;
  readonly checked: number;
  readonly failed: number;
  readonly flips: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** Whether samples are rescanned after updates of an engine, and the progress. */
export interface UpdateRescanRecord {
  readonly engine: EngineRecord;
  readonly enabled: boolean;
  readonly version: string | null;
  readonly slots: number;
  readonly run: VerdictRunRecord | null;
}

/** Tries to take the lock on runs, so that one gateway works on them at a time. Returns whether it got it. */
export async function tryLockRuns(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('scanmesh'), hashtext('verdict runs')) as locked`.execute(tx);
  return rows[0]?.locked ?? false;
}

/** Whether runs need any work: an engine is followed, or scans of a run are open. */
export async function hasRuns(db: Database): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from verdict_follows) or exists (select from verdict_checks) as found`.execute(db);
  return rows[0]?.found ?? false;
}

export async function readFollows(db: Database | Tx): Promise<Follow[]> {
  return db.selectFrom("verdict_follows").select(["engine_id as engineId", "version"]).execute();
}

/** Follows an engine from its hosts' current version. Returns whether it was not followed before. */
export async function insertFollow(tx: Tx, { engineId, version }: Follow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("verdict_follows")
    .values({ engine_id: engineId, version })
    .onConflict((conflict) => conflict.column("engine_id").doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Stops following an engine and ends its run. Returns whether it was followed. */
export async function deleteFollow(tx: Tx, engineId: number): Promise<boolean> {
  await endRuns(tx, engineId, "STOPPED");
  const { numDeletedRows } = await tx.deleteFrom("verdict_follows").where("engine_id", "=", engineId).executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function noteVersion(tx: Tx, { engineId, version }: Follow): Promise<void> {
  await tx.updateTable("verdict_follows").set({ version }).where("engine_id", "=", engineId).execute();
}

/** Begins a run, replacing an open one. */
export async function beginRun(tx: Tx, engineId: number, version: string): Promise<void> {
  await endRuns(tx, engineId, "REPLACED");
  await tx.insertInto("verdict_runs").values({ engine_id: engineId, version }).execute();
}

export async function endRuns(tx: Tx, engineId: number, state: VerdictRunState): Promise<void> {
  await tx
    .updateTable("verdict_runs")
    .set({ state, ended_at: sql<Date>`now()` })
    .where("engine_id", "=", engineId)
    .where("ended_at", "is", null)
    .execute();
}

export async function readOpenRuns(tx: Tx): Promise<OpenRun[]> {
  return tx
    .selectFrom("verdict_runs")
    .select([
      "id as runId",
      "engine_id as engineId",
      "version",
      "before_sample as beforeSample",
      sql<boolean>`next_at > now()`.as("rests"),
    ])
    .where("ended_at", "is", null)
    .orderBy("id")
    .execute();
}

/** How many scans of runs are open for each engine. */
export async function countChecks(tx: Tx): Promise<Map<number, number>> {
  const { rows } = await sql<{ engineId: number; count: number }>`
    select engine_id as "engineId", count(*) as count from verdict_checks group by engine_id`.execute(tx);
  return new Map(rows.map(({ engineId, count }) => [engineId, count]));
}

/** Continues a run after this sample. */
export async function moveRun(tx: Tx, runId: number, beforeSample: number): Promise<void> {
  await tx.updateTable("verdict_runs").set({ before_sample: beforeSample }).where("id", "=", runId).execute();
}

/** The outcome of a run's scans, and how long it pauses before the next. */
export interface RunProgress {
  readonly checked: number;
  readonly failed: number;
  readonly flips: number;
  readonly restMs: number;
}

export async function countProgress(tx: Tx, runId: number, { checked, failed, flips, restMs }: RunProgress): Promise<void> {
  await sql`
    update verdict_runs set checked = checked + ${checked}, failed = failed + ${failed}, flips = flips + ${flips},
      next_at = now() + ${restMs} * interval '1 millisecond'
    where id = ${runId}`.execute(tx);
}

/** The latest run of each of these engines. */
export async function readLatestRuns(db: Database, engineIds: readonly number[]): Promise<VerdictRunRecord[]> {
  const { rows } = await sql<VerdictRunRecord>`
    select run.* from unnest(${[...engineIds]}::int[]) as engine (id), lateral (
      select id as "runId", engine_id as "engineId", version, state, checked, failed, flips, started_at as "startedAt", ended_at as "endedAt"
      from verdict_runs where engine_id = engine.id order by id desc limit 1) as run`.execute(db);
  return rows;
}

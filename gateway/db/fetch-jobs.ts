import { sql } from "kysely";
import type { FetchState } from "../../schema/fetch-job.js";
import type { Database, Tx } from "./database.js";
import { lockUnchanged } from "./lock-unchanged.js";

/** The last look at the source of a set. */
export interface FetchJobRecord {
  readonly engineId: number;
  readonly engine: string;
  readonly set: string;
  readonly job: string;
  readonly agent: string | null;
  readonly state: FetchState;
  readonly checkedAt: Date | null;
  readonly nextAt: Date;
  readonly failures: number;
  /** Whether a fetcher has the job and has not finished it. */
  readonly isOpen: boolean;
  /** Whether it is time for the next look. */
  readonly isDue: boolean;
  /** How long ago its fetcher last reported on it, and how long ago it was first ordered, in milliseconds. */
  readonly silentMs: number;
  readonly openMs: number;
}

/** States in which a fetcher is done with a job. */
export const FETCH_ENDS: readonly FetchState[] = ["DONE", "BLOCKED", "FAILED"];
const FIRST_RETRY_MS = 3_600_000;
const LEAST_BLOCK_MS = 600_000;

const isOpen = sql<boolean>`(fetch_jobs.agent is not null and fetch_jobs.state not in ('DONE', 'BLOCKED', 'FAILED'))`;
const age = (column: "heard_at" | "asked_at") =>
  sql<number>`extract(epoch from now() - coalesce(${sql.ref(column)}, asked_at))::float8 * 1000`;

/** All fetch jobs of engines in the catalogue. */
export async function readFetchJobs(db: Database | Tx): Promise<FetchJobRecord[]> {
  return db
    .selectFrom("fetch_jobs")
    .innerJoin("engines", "engines.id", "fetch_jobs.engine_id")
    .select([
      "engine_id as engineId",
      "engines.name as engine",
      "set_name as set",
      "job",
      "agent",
      "state",
      "checked_at as checkedAt",
      "next_at as nextAt",
      "failures_in_a_row as failures",
      isOpen.as("isOpen"),
      sql<boolean>`(not ${isOpen} and next_at <= now() and coalesce(blocked_until <= now(), true))`.as("isDue"),
      age("heard_at").as("silentMs"),
      age("asked_at").as("openMs"),
    ])
    .execute();
}

/** Adds sets whose sources are to be looked at; existing ones are unchanged. */
export async function addFetchJobs(db: Database, sets: readonly { engineId: number; set: string }[]): Promise<void> {
  await db
    .insertInto("fetch_jobs")
    .values(
      sets.map(({ engineId, set }) => ({
        engine_id: engineId,
        set_name: set,
        job: sql<string>`gen_random_uuid()`,
        state: "WAITING" as const,
        next_at: sql<Date>`now()`,
      })),
    )
    .onConflict((clash) => clash.columns(["engine_id", "set_name"]).doNothing())
    .execute();
}

/** Locks a job if it has not changed since it was read; false if another gateway has locked or changed it. */
export async function lockFetchJob(tx: Tx, { engineId, set, job, agent, state }: FetchJobRecord): Promise<boolean> {
  return lockUnchanged(tx, "fetch_jobs", { engine_id: engineId, set_name: set, job, agent, state });
}

/** Assigns a locked job to a fetcher, under a new job id. */
export async function assignFetchJob(tx: Tx, { engineId, set }: FetchJobRecord, job: string, agent: string): Promise<void> {
  await tx
    .updateTable("fetch_jobs")
    .set({ job, agent, state: "WAITING", reason: null, blocked_until: null, asked_at: sql`now()`, heard_at: sql`now()` })
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .execute();
}

/** Takes a locked job from a fetcher that has vanished; another fetcher can have it. */
export async function releaseFetchJob(tx: Tx, { engineId, set }: FetchJobRecord, reason: string): Promise<void> {
  await tx
    .updateTable("fetch_jobs")
    .set({ agent: null, state: "WAITING", reason, next_at: sql`now()` })
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .execute();
}

/** A fetcher's report on a job. */
export interface FetchProgress {
  readonly state: FetchState;
  readonly reason: string | null;
  /** Until when the source refuses requests. */
  readonly until: string | null;
  readonly checkedAt: string | null;
  /** The interval between two looks. */
  readonly everyMs: number;
}

/** Records a fetcher's report on its job. Returns whether anything changed. */
export async function recordFetchProgress(
  db: Database | Tx,
  { engineId, set, job }: Pick<FetchJobRecord, "engineId" | "set" | "job">,
  { state, reason, until, checkedAt, everyMs }: FetchProgress,
): Promise<boolean> {
  const after = (ms: number) => sql<Date>`now() + make_interval(secs => ${ms / 1_000})`;
  const retryMs = sql`least(${everyMs}::float8, ${FIRST_RETRY_MS} * power(2, least(failures_in_a_row, 20)))`;
  const ends = {
    DONE: { next_at: after(everyMs), failures_in_a_row: 0 },
    BLOCKED: {
      next_at: sql<Date>`greatest(${until}::timestamptz, ${after(LEAST_BLOCK_MS)})`,
      failures_in_a_row: sql<number>`failures_in_a_row + 1`,
    },
    FAILED: {
      next_at: sql<Date>`now() + make_interval(secs => ${retryMs} / 1000)`,
      failures_in_a_row: sql<number>`failures_in_a_row + 1`,
    },
  };
  const changed = await db
    .updateTable("fetch_jobs")
    .set({
      state,
      reason,
      blocked_until: until,
      heard_at: sql`now()`,
      checked_at: sql`coalesce(${checkedAt}::timestamptz, checked_at)`,
      ...(state === "DONE" || state === "BLOCKED" || state === "FAILED" ? ends[state] : {}),
    })
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .where("job", "=", job)
    .where("state", "not in", FETCH_ENDS)
    .returning("job")
    .executeTakeFirst();
  return changed !== undefined;
}

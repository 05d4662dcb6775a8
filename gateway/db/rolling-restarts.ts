import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** A restart of agents, one after the other. */
export interface RollingRestartRecord {
  readonly id: number;
  readonly agents: readonly string[];
  /** How many of them are back. */
  readonly done: number;
  readonly state: "RUNNING" | "DONE" | "FAILED" | "STOPPED";
  readonly problem: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** A running one, with the state of the current agent before it was asked to restart. */
export interface UnderwayRestart extends RollingRestartRecord {
  readonly processStartedAt: Date | null;
  readonly healthy: readonly string[] | null;
  /** Milliseconds since it was asked to restart, by Postgres's clock. */
  readonly askedMs: number | null;
}

const columns = ["id", "agents", "done", "state", "problem", "started_at as startedAt", "ended_at as endedAt"] as const;

/** The last one, running or not. */
export async function readLastRestart(db: Database): Promise<RollingRestartRecord | undefined> {
  return db.selectFrom("rolling_restarts").select(columns).orderBy("id", "desc").limit(1).executeTakeFirst();
}

/** Begins one; undefined if another is running. */
export async function insertRestart(tx: Tx, agents: readonly string[]): Promise<RollingRestartRecord | undefined> {
  return tx
    .insertInto("rolling_restarts")
    .values({ agents: [...agents] })
    .onConflict((clash) => clash.doNothing())
    .returning(columns)
    .executeTakeFirst();
}

/** Locks the running one; undefined if there is none or another gateway holds it. */
export async function lockUnderway(tx: Tx): Promise<UnderwayRestart | undefined> {
  return tx
    .selectFrom("rolling_restarts")
    .select([
      ...columns,
      "process_started_at as processStartedAt",
      "healthy",
      sql<number | null>`(extract(epoch from now() - asked_at) * 1000)::float8`.as("askedMs"),
    ])
    .where("state", "=", "RUNNING")
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

/** Notes that an agent is asked to restart now. */
export async function markAsked(tx: Tx, id: number, processStartedAt: string, healthy: readonly string[]): Promise<void> {
  await tx
    .updateTable("rolling_restarts")
    .set({ process_started_at: processStartedAt, healthy: [...healthy], asked_at: sql<Date>`now()` })
    .where("id", "=", id)
    .execute();
}

/** Notes how many agents are back, and ends the restart after the last. */
export async function markBack(tx: Tx, { id, agents }: RollingRestartRecord, done: number): Promise<void> {
  const isOver = done >= agents.length;
  await tx
    .updateTable("rolling_restarts")
    .set({ done, process_started_at: null, healthy: null, asked_at: null })
    .$if(isOver, (update) => update.set({ state: "DONE", ended_at: sql<Date>`now()` }))
    .where("id", "=", id)
    .execute();
}

/** Ends the running one. */
export async function endRestart(
  tx: Tx,
  state: "FAILED" | "STOPPED",
  problem: string | null,
): Promise<RollingRestartRecord | undefined> {
  return tx
    .updateTable("rolling_restarts")
    .set({ state, problem, ended_at: sql<Date>`now()` })
    .where("state", "=", "RUNNING")
    .returning(columns)
    .executeTakeFirst();
}

import { sql } from "kysely";
import type { HostUpdateState } from "../../schema/update-states.js";
import type { Database, Tx } from "./database.js";

/** The progress of an update on a host. */
export interface UpdateHostRecord {
  readonly updateId: number;
  readonly agent: string;
  readonly state: HostUpdateState;
  readonly reason: string | null;
  readonly changedAt: Date;
  /** Null until its turn has come. */
  readonly begunAt: Date | null;
  readonly bytes: number;
  readonly total: number;
}

/** A host of an open update, with durations in milliseconds by Postgres's clock. */
export interface UnderwayHost extends UpdateHostRecord {
  /** How long its state has not changed. */
  readonly stillMs: number;
  /** How long its agent has been gone; null while the agent is heard. */
  readonly goneMs: number | null;
  /** How long its engine has been unwell; null if the engine is well or does not serve the new bundle. */
  readonly unwellMs: number | null;
  readonly processStartedAt: Date | null;
  readonly restarts: number;
}

const columns = [
  "update_id as updateId",
  "agent",
  "state",
  "reason",
  "changed_at as changedAt",
  "begun_at as begunAt",
  "bytes",
  "total",
] as const;

const sinceMs = (column: "changed_at" | "gone_since" | "unwell_since") =>
  sql<number>`(extract(epoch from now() - ${sql.ref(column)}) * 1000)::float8`;

/** The hosts of updates, by name. */
export async function readUpdateHosts(db: Database, updateIds: readonly number[]): Promise<UpdateHostRecord[]> {
  return db
    .selectFrom("engine_update_hosts")
    .select(columns)
    .where(sql<boolean>`update_id = any(${[...updateIds]}::bigint[])`)
    .orderBy("agent")
    .execute();
}

/** The hosts of an open update, by name. */
export async function readUnderwayHosts(tx: Tx, updateId: number): Promise<UnderwayHost[]> {
  return tx
    .selectFrom("engine_update_hosts")
    .select([
      ...columns,
      sinceMs("changed_at").as("stillMs"),
      sql<number | null>`${sinceMs("gone_since")}`.as("goneMs"),
      sql<number | null>`${sinceMs("unwell_since")}`.as("unwellMs"),
      "process_started_at as processStartedAt",
      "restarts",
    ])
    .where("update_id", "=", updateId)
    .orderBy("agent")
    .execute();
}

/** How many hosts of the same class are fetching bundles for other updates. */
export async function countFetching(tx: Tx, { id, internet }: { id: number; internet: boolean }): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from engine_update_hosts as host
    join engine_updates as update on update.id = host.update_id join engines on engines.id = update.engine_id
    where update.id <> ${id} and engines.internet = ${internet} and update.state in ('CANARY', 'ROLLING')
      and host.begun_at is not null and host.state in ('WAITING', 'FETCHING')`.execute(tx);
  return rows[0]?.count ?? 0;
}

/** Adds hosts to an update. */
export async function insertUpdateHosts(tx: Tx, updateId: number, agents: readonly string[]): Promise<void> {
  if (agents.length === 0) return;
  await tx
    .insertInto("engine_update_hosts")
    .values(agents.map((agent) => ({ update_id: updateId, agent })))
    .onConflict((clash) => clash.doNothing())
    .execute();
}

/** Removes the hosts of an update that was postponed. */
export async function removeUpdateHosts(tx: Tx, updateId: number): Promise<void> {
  await tx.deleteFrom("engine_update_hosts").where("update_id", "=", updateId).execute();
}

/** The changes to a host of an update. */
export interface HostChange {
  readonly agent: string;
  readonly state?: HostUpdateState;
  readonly reason?: string | null;
  readonly bytes?: number;
  readonly total?: number;
  /** Whether its turn has come. */
  readonly begins?: true;
  readonly isGone?: boolean;
  readonly isUnwell?: boolean;
  readonly processStartedAt?: string;
  readonly restarts?: number;
}

/** Changes a host of an update. */
export async function changeUpdateHost(tx: Tx, updateId: number, change: HostChange): Promise<void> {
  const { agent, state, reason, bytes, total, begins, isGone, isUnwell, processStartedAt, restarts } = change;
  const now = sql<Date>`now()`;
  const isProgress = state !== undefined || bytes !== undefined || total !== undefined || begins === true;
  await tx
    .updateTable("engine_update_hosts")
    .where("update_id", "=", updateId)
    .where("agent", "=", agent)
    .set({
      ...(isProgress && { changed_at: now }),
      ...(state !== undefined && { state }),
      ...(reason !== undefined && { reason }),
      ...(bytes !== undefined && { bytes }),
      ...(total !== undefined && { total }),
      ...(begins && { begun_at: now }),
      ...(isGone !== undefined && { gone_since: isGone ? now : null }),
      ...(isUnwell !== undefined && { unwell_since: isUnwell ? now : null }),
      ...(processStartedAt !== undefined && { process_started_at: processStartedAt }),
      ...(restarts !== undefined && { restarts }),
    })
    .execute();
}

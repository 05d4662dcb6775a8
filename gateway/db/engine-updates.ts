import { sql } from "kysely";
import type { EngineUpdateState, UpdateCause } from "../../schema/update-states.js";
import type { Database, Tx } from "./database.js";

/** The canary's figures, the engine's usual figures, and samples to look at. */
export type Evidence = Readonly<Record<string, unknown>>;

/** A bundle as shown in updates. */
export interface NamedBundle {
  readonly id: number;
  readonly digest: string;
  readonly sequence: number;
  readonly version: string | null;
  readonly date: Date | null;
  readonly size: number;
}

/** An update of one set of an engine. */
export interface UpdateRecord {
  readonly id: number;
  readonly engineId: number;
  readonly engine: string;
  readonly internet: boolean;
  readonly set: string;
  readonly fromBundle: NamedBundle | null;
  readonly toBundle: NamedBundle | null;
  readonly cause: UpdateCause;
  readonly skipCanary: boolean;
  readonly state: EngineUpdateState;
  readonly reason: string | null;
  readonly evidence: Evidence | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly canary: string | null;
  readonly canarySince: Date | null;
  readonly canaryScan: number | null;
  /** For how many milliseconds the canary has been serving, by Postgres's clock. */
  readonly canaryMs: number | null;
  /** What it waits for, as text for people; null if only for its hosts. */
  readonly waitsFor: string | null;
  /** The latest time until which it waits. */
  readonly waitsUntil: Date | null;
}

/** States in which an update is not over. */
export const OPEN_STATES = ["PENDING", "CANARY", "ROLLING", "HELD"] as const satisfies readonly EngineUpdateState[];

function bundleJson(alias: "old" | "new") {
  const column = (name: string) => sql.ref(`${alias}.${name}`);
  return sql<NamedBundle | null>`case when ${column("id")} is not null then jsonb_build_object('id', ${column("id")},
    'digest', ${column("digest")}, 'sequence', ${column("sequence")}, 'version', ${column("version")}, 'date', ${column("made_at")},
    'size', ${column("size")}) end`;
}

function selectUpdates(db: Database | Tx) {
  return db
    .selectFrom("engine_updates as update")
    .innerJoin("engines", "engines.id", "update.engine_id")
    .leftJoin("bundles as old", "old.id", "update.from_bundle")
    .leftJoin("bundles as new", "new.id", "update.to_bundle")
    .select([
      "update.id",
      "update.engine_id as engineId",
      "engines.name as engine",
      "engines.internet",
      "update.set_name as set",
      bundleJson("old").as("fromBundle"),
      bundleJson("new").as("toBundle"),
      "update.cause",
      "update.skip_canary as skipCanary",
      "update.state",
      "update.reason",
      "update.evidence",
      "update.created_at as createdAt",
      "update.started_at as startedAt",
      "update.ended_at as endedAt",
      "update.canary",
      "update.canary_since as canarySince",
      "update.canary_scan as canaryScan",
      sql<number | null>`(extract(epoch from now() - update.canary_since) * 1000)::float8`.as("canaryMs"),
      "update.waits_for as waitsFor",
      "update.waits_until as waitsUntil",
    ]);
}

/** Dates inside JSON arrive as text. */
function withDates(row: UpdateRecord): UpdateRecord {
  const dated = (bundle: NamedBundle | null) => bundle && { ...bundle, date: bundle.date && new Date(bundle.date) };
  return { ...row, fromBundle: dated(row.fromBundle), toBundle: dated(row.toBundle) };
}

/** A filter on updates; undefined criteria match everything. */
export interface UpdateCriteria {
  readonly engine?: string | undefined;
  readonly set?: string | undefined;
  readonly states?: readonly EngineUpdateState[] | undefined;
}

/** A page of updates, the newest first. */
export async function listUpdates(
  db: Database,
  { engine, set, states }: UpdateCriteria,
  { after, limit }: { after?: number | undefined; limit: number },
): Promise<UpdateRecord[]> {
  let query = selectUpdates(db).orderBy("update.id", "desc").limit(limit);
  if (engine !== undefined) query = query.where(sql<boolean>`lower(engines.name) = lower(${engine})`);
  if (set !== undefined) query = query.where("update.set_name", "=", set);
  if (states !== undefined) query = query.where("update.state", "in", states);
  if (after !== undefined) query = query.where("update.id", "<", after);
  return (await query.execute()).map(withDates);
}

/** All updates that are not over, the oldest first. */
export async function readOpenUpdates(db: Database | Tx): Promise<UpdateRecord[]> {
  const rows = await selectUpdates(db).where("update.state", "in", OPEN_STATES).orderBy("update.id").execute();
  return rows.map(withDates);
}

/** An update; undefined if there is none. */
export async function readUpdate(db: Database | Tx, id: number): Promise<UpdateRecord | undefined> {
  const row = await selectUpdates(db).where("update.id", "=", id).executeTakeFirst();
  return row && withDates(row);
}

/** The open update of a set. */
export async function readOpenUpdate(db: Database | Tx, engineId: number, set: string): Promise<UpdateRecord | undefined> {
  const row = await selectUpdates(db)
    .where("update.engine_id", "=", engineId)
    .where("update.set_name", "=", set)
    .where("update.state", "in", OPEN_STATES)
    .executeTakeFirst();
  return row && withDates(row);
}

/** Locks the updates of an engine until the end of the transaction; required for changes. */
export async function lockUpdates(tx: Tx, engineId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`engine updates ${engineId}`}, 0))`.execute(tx);
}

/** The same, unless somebody else holds the lock. */
export async function tryLockUpdates(tx: Tx, engineId: number): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`engine updates ${engineId}`}, 0)) as held`.execute(tx);
  return rows[0]?.held === true;
}

/** A new update. */
export interface NewUpdate {
  readonly engineId: number;
  readonly set: string;
  readonly fromBundle: number | null;
  readonly toBundle: number | null;
  readonly cause: UpdateCause;
  readonly skipCanary: boolean;
}

/** Inserts an update; the sweep will begin it. Returns its id. */
export async function insertUpdate(tx: Tx, update: NewUpdate): Promise<number> {
  const { id } = await tx
    .insertInto("engine_updates")
    .values({
      engine_id: update.engineId,
      set_name: update.set,
      from_bundle: update.fromBundle,
      to_bundle: update.toBundle,
      cause: update.cause,
      skip_canary: update.skipCanary,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** The changes to an open update. */
export interface UpdateChange {
  readonly state?: EngineUpdateState;
  readonly reason?: string | null;
  readonly evidence?: Evidence | null;
  readonly canary?: string | null;
  /** Whether the canary serves from now on, or has stopped. */
  readonly canaryServes?: boolean;
  readonly skipCanary?: true;
  readonly fromBundle?: number | null;
  /** What it waits for from now on. A change of state clears it. */
  readonly waits?: Waits | null;
}

/** What an update waits for, as text for people, and until when at the latest; null if unknown. */
export interface Waits {
  readonly for: string;
  readonly until: Date | null;
}

/** Changes an update. If it begins or ends, the time is noted. */
export async function changeUpdate(tx: Tx, id: number, change: UpdateChange): Promise<void> {
  const { state, reason, evidence, canary, canaryServes, skipCanary, fromBundle } = change;
  const waits = change.waits === undefined && state !== undefined ? null : change.waits;
  const now = sql<Date>`now()`;
  const isOver = state !== undefined && !(OPEN_STATES as readonly EngineUpdateState[]).includes(state);
  await tx
    .updateTable("engine_updates")
    .where("id", "=", id)
    .set({
      ...(state !== undefined && { state }),
      ...((state === "CANARY" || state === "ROLLING") && { started_at: sql<Date>`coalesce(started_at, now())` }),
      ...(isOver && { ended_at: now }),
      ...(reason !== undefined && { reason }),
      ...(evidence !== undefined && { evidence: evidence && JSON.stringify(evidence) }),
      ...(canary !== undefined && { canary }),
      ...(canaryServes === true && { canary_since: now, canary_scan: sql<number>`(select coalesce(max(id), 0) from scans)` }),
      ...(canaryServes === false && { canary_since: null, canary_scan: null }),
      ...(skipCanary && { skip_canary: true }),
      ...(fromBundle !== undefined && { from_bundle: fromBundle }),
      ...(waits !== undefined && { waits_for: waits?.for ?? null, waits_until: waits?.until ?? null }),
    })
    .execute();
}

/** How updates of the engine's other sets hold up this one: a host reports one progress for all sets. */
export interface OtherUpdates {
  /** Another set is being updated. */
  readonly isUnderway: boolean;
  /** A host is in the middle of it, so that not even a rollback may begin. */
  readonly isChanging: boolean;
  /** It is being rolled back. */
  readonly isGoingBack: boolean;
}

/** The state of updates of the engine's other sets. */
export async function readOtherUpdates(tx: Tx, { engineId, id }: Pick<UpdateRecord, "engineId" | "id">): Promise<OtherUpdates> {
  const { rows } = await sql<OtherUpdates>`
    select count(*) > 0 as "isUnderway", coalesce(bool_or(cause = 'ROLLBACK'), false) as "isGoingBack",
      coalesce(bool_or(exists (select from engine_update_hosts where update_id = engine_updates.id and begun_at is not null
        and state in ('WAITING', 'FETCHING', 'TESTING'))), false) as "isChanging"
    from engine_updates where engine_id = ${engineId} and id <> ${id} and state in ('CANARY', 'ROLLING')`.execute(tx);
  return rows[0] ?? { isUnderway: false, isChanging: false, isGoingBack: false };
}

/** For each past canary of an engine the id of its last update: the larger, the more recent. */
export async function readCanaryTurns(tx: Tx, { engineId }: Pick<UpdateRecord, "engineId">): Promise<Map<string, number>> {
  const { rows } = await sql<{ agent: string; last: number }>`
    select canary as agent, max(id) as last from engine_updates where engine_id = ${engineId} and canary is not null
    group by canary`.execute(tx);
  return new Map(rows.map(({ agent, last }) => [agent, last]));
}

import { sql, type RawBuilder, type Selectable, type SqlBool } from "kysely";
import type { ScanRecord } from "../../schema/reports.js";
import type { ScansTable } from "../../schema/tables/scans.js";
import type { Database } from "./database.js";
import { conditionOf, type ScanCriteria } from "./scan-list.js";
import { scanOf, selectScans } from "./scans.js";

/** Which transactions are visible at a moment: a `pg_snapshot` as text. */
export type Snapshot = string;

/** The changes between two snapshots, optionally after a place among them. */
export interface SnapshotRange {
  readonly from: Snapshot;
  readonly to: Snapshot;
  readonly after?: ChangePlace | undefined;
}

/** The rest of a range after a place in it. */
export interface RestOfRange extends SnapshotRange {
  readonly after: ChangePlace;
}

/** A scan's place in the order of changes. */
export interface ChangePlace {
  readonly changedIn: string;
  readonly scanId: number;
}

export interface ChangedRecord extends ScanRecord, ChangePlace {}

export async function readSnapshot(db: Database): Promise<Snapshot> {
  const { rows } = await sql<{ now: Snapshot }>`select pg_current_snapshot()::text as now`.execute(db);
  return rows[0]?.now ?? "";
}

/** Whether a snapshot can be older than another one of the same database. */
export function precedes(snapshot: Snapshot, later: Snapshot): boolean {
  return BigInt(partsOf(snapshot).xmax) <= BigInt(partsOf(later).xmax);
}

/**
 * Scans with a change that became visible between two snapshots, in the order of changes; each once, in its current state. A scan that has
 * changed again since belongs to a later range. Transactions that were running at the first snapshot are looked up one by one, however long
 * they took; all others are newer than that snapshot.
 */
export async function readChangedScans(
  db: Database,
  wanted: ScanCriteria,
  { from, to, after }: SnapshotRange,
  limit: number,
): Promise<ChangedRecord[]> {
  const { xmax, running } = partsOf(from);
  const behind = after ? sql`and (changed_in, id) > (${after.changedIn}::xid8, ${after.scanId}::bigint)` : sql``;
  const among = (range: RawBuilder<SqlBool>) => sql`(
    select * from scans where ${range} ${behind} and pg_visible_in_snapshot(changed_in, ${to}::pg_snapshot) and ${conditionOf(wanted)}
    order by changed_in, id limit ${limit})`;
  const cut = db.with(
    "scans",
    () => sql<Selectable<ScansTable>>`(
    ${among(sql<SqlBool>`changed_in = any(${running}::xid8[])`)} union all
    ${among(sql<SqlBool>`changed_in >= ${xmax}::xid8 and changed_in < ${partsOf(to).xmax}::xid8`)}
    order by changed_in, id limit ${limit})`,
  );
  const rows = await selectScans(cut)
    .select("scans.changed_in as changedIn")
    .orderBy("scans.changed_in")
    .orderBy("scans.id")
    .execute();
  return rows.map(scanOf);
}

/** `xmin:xmax:xip,…`: every transaction below xmax has ended, except the listed ones. */
function partsOf(snapshot: Snapshot): { xmax: string; running: string[] } {
  const [, xmax = "0", running = ""] = snapshot.split(":");
  return { xmax, running: running === "" ? [] : running.split(",") };
}

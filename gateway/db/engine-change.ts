import { sql } from "kysely";
import type { EnginePresence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Tx } from "./database.js";
import { announcedColumns, readEngines } from "./engines.js";
import type { OpenResult } from "./withdraw.js";

/**
 * Waits for statements that are recording results, and blocks new ones until the transaction ends, because such a statement uses the
 * engines as they were when it began. Must be the first lock of its transaction.
 */
export async function lockResults(tx: Tx): Promise<void> {
  await sql`lock table results in share row exclusive mode`.execute(tx);
}

/** Locks an engine against changes and against new scans that expect it. Undefined if there is none. Names are compared ignoring case. */
export async function lockEngine(tx: Tx, name: string): Promise<EngineRecord | undefined> {
  const { rows } = await sql<{ id: number }>`select id from engines where lower(name) = ${name.toLowerCase()} for update`.execute(
    tx,
  );
  const [row] = rows;
  return row && (await readEngines(tx)).find(({ engineId }) => engineId === row.id);
}

export async function enableEngine(tx: Tx, engineId: number, enabled: boolean): Promise<void> {
  await tx.updateTable("engines").set({ enabled }).where("id", "=", engineId).execute();
}

/** Writes an engine into the catalogue as an agent announces it. */
export async function changeEngine(tx: Tx, engineId: number, to: EnginePresence): Promise<void> {
  await tx
    .updateTable("engines")
    .set({ ...announcedColumns(to), unhealthy: null })
    .where("id", "=", engineId)
    .execute();
}

/** How long after a scan's acceptance a result may arrive, with the longest deadline. */
const LATE = sql`interval '2 days'`;

/**
 * Adds an engine to the AV engines of scans that may still get its answer, or removes it from them: a scan is clean only if all of its AV
 * engines say so. Answers recorded earlier keep counting as they did.
 */
export async function recountAv(tx: Tx, engineId: number, by: 1 | -1): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    select scans.id from scans join results on results.scan_id = scans.id and results.engine_id = ${engineId}
    where scans.start_date > now() - ${LATE} and results.state < 'DONE' order by scans.id for update of scans`.execute(tx);
  await sql`update scans set av_total = av_total + ${by}::int where id = any(${rows.map(({ id }) => id)}::bigint[])`.execute(tx);
}

/** Open results of an engine in scans that forbid the internet; the scans are locked in id order. */
export async function openWithoutInternet(tx: Tx, engineId: number): Promise<OpenResult[]> {
  const { rows } = await sql<OpenResult>`
    select scans.id as "scanId", lower(engines.name) as engine, engines.internet
    from scans join results on results.scan_id = scans.id join engines on engines.id = results.engine_id
    where scans.end_date is null and not scans.internet and results.engine_id = ${engineId} and results.state <= 'SCANNING'
    order by scans.id for update of scans`.execute(tx);
  return rows;
}

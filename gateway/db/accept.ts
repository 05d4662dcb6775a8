import { sql } from "kysely";
import type { EngineSpeed, Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Skipped } from "../../schema/states.js";
import type { Tx } from "./database.js";

/** A scan to insert, with the engines it expects. */
export interface NewScan {
  readonly sampleId: number;
  readonly name: string;
  readonly speed: Speed;
  readonly internet: boolean;
  readonly deadlineMs: number;
  readonly expected: readonly EngineRecord[];
  readonly skipped: readonly Skipped[];
}

/** One row of the outbox as it was inserted. */
export interface NewRequest {
  readonly outboxId: number;
  readonly scanId: number;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly engineIds: number[];
}

/** Inserts scans with their results and outbox rows; the scans' ids in the order given, and the requests to publish. */
export async function insertScans(tx: Tx, scans: readonly NewScan[]): Promise<{ scanIds: number[]; requests: NewRequest[] }> {
  const scanIds = await takeScanIds(tx, scans.length);
  const numbered = scans.map((scan, i) => ({ ...scan, scanId: scanIds[i] ?? 0 }));
  await insertScanRows(tx, numbered);
  await insertResultRows(tx, numbered);
  return { scanIds, requests: await insertOutboxRows(tx, numbered) };
}

type Numbered = NewScan & { readonly scanId: number };

async function takeScanIds(tx: Tx, count: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select nextval(pg_get_serial_sequence('scans', 'id')) as id from generate_series(1, ${count}::int)`.execute(tx);
  return rows.map(({ id }) => id);
}

/** A scan that expects nobody is final at once, and says nothing about the sample. */
async function insertScanRows(tx: Tx, scans: readonly Numbered[]): Promise<void> {
  const rows = scans.map(({ scanId, sampleId, name, speed, internet, deadlineMs, expected, skipped }) => ({
    id: scanId,
    sample_id: sampleId,
    name,
    speed,
    internet,
    deadline_ms: deadlineMs,
    total: expected.length,
    av_total: expected.filter(({ type }) => type === "AV").length,
    skipped,
  }));
  await sql`
    insert into scans (id, sample_id, name, speed, internet, deadline, total, av_total, skipped, end_date, verdict)
    select id, sample_id, name, speed, internet, now() + deadline_ms * interval '1 millisecond', total, av_total, skipped,
      case when total = 0 then now() end, case when total = 0 then 'INCONCLUSIVE'::verdict end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as scan
      (id bigint, sample_id bigint, name text, speed speed, internet boolean, deadline_ms double precision,
       total smallint, av_total smallint, skipped jsonb)`.execute(tx);
}

async function insertResultRows(tx: Tx, scans: readonly Numbered[]): Promise<void> {
  const rows = scans.flatMap(({ scanId, expected }) => expected.map(({ engineId }) => [scanId, engineId] as const));
  if (rows.length === 0) return;
  await sql`
    insert into results (scan_id, engine_id)
    select * from unnest(${rows.map(([scanId]) => scanId)}::bigint[], ${rows.map(([, engineId]) => engineId)}::int[])`.execute(
    tx,
  );
}

async function insertOutboxRows(tx: Tx, scans: readonly Numbered[]): Promise<NewRequest[]> {
  const rows = scans.flatMap((scan) =>
    requestsOf(scan.expected).map(({ speed, internet, engineIds }) => ({
      scan_id: scan.scanId,
      speed,
      internet,
      engine_ids: engineIds,
    })),
  );
  if (rows.length === 0) return [];
  return tx
    .insertInto("outbox")
    .values(rows)
    .returning(["id as outboxId", "scan_id as scanId", "speed", "internet", "engine_ids as engineIds"])
    .execute();
}

/** Engines grouped by the subject on which they are asked. */
export function requestsOf(engines: readonly EngineRecord[]): { speed: EngineSpeed; internet: boolean; engineIds: number[] }[] {
  const groups = new Map<string, { speed: EngineSpeed; internet: boolean; engineIds: number[] }>();
  for (const { speed, internet, engineId } of engines) {
    const key = `${speed} ${internet}`;
    const group = groups.get(key) ?? { speed, internet, engineIds: [] };
    group.engineIds.push(engineId);
    groups.set(key, group);
  }
  return [...groups.values()];
}

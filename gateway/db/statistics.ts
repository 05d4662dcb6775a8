import { sql } from "kysely";
import type { EngineCounts, EnginePointCounts, ScanCounts, SignatureRecord, TypeRecord } from "../../schema/reports.js";
import type { Database, Tx } from "./database.js";

/** From the start of one hour to the start of another. */
export interface Hours {
  readonly from: Date;
  readonly to: Date;
}

const within = ({ from, to }: Hours) => sql`hour >= ${from} and hour < ${to}`;

/** Final scans by hour or day (UTC); times without scans are left out. */
export async function readScanCounts(
  db: Database,
  hours: Hours,
  unit: "hour" | "day",
): Promise<(ScanCounts & { start: Date })[]> {
  const { rows } = await sql<ScanCounts & { start: Date }>`
    select date_trunc(${sql.lit(unit)}, hour, 'UTC') as start, sum(inconclusive)::int8 as inconclusive, sum(clean)::int8 as clean,
      sum(suspicious)::int8 as suspicious, sum(infected)::int8 as infected, sum(bytes)::int8 as bytes
    from hourly_scans where ${within(hours)} group by 1 order by 1`.execute(db);
  return rows;
}

/** The counts of each engine's answers, by engine name. */
export async function readEngineCounts(db: Database | Tx, hours: Hours): Promise<EngineCounts[]> {
  const sum = (column: string) => sql`sum(${sql.ref(column)})::int8`;
  const { rows } = await sql<EngineCounts>`
    select engines.id as "engineId", engines.name as engine, engines.signature_date as "signatureDate",
      ${sum("clean")} as clean, ${sum("suspicious")} as suspicious, ${sum("infected")} as infected, ${sum("silent")} as silent,
      ${sum("unscanned")} as unscanned, ${sum("failed")} as failed, ${sum("timeout")} as timeout, ${sum("no_agent")} as "noAgent",
      ${sum("cancelled")} as cancelled, ${sum("dead")} as dead, ${sum("compared")} as compared, ${sum("agreed")} as agreed,
      ${sum("timed")} as timed, sum(timed_ms) as "timedMs"
    from hourly_engines join engines on engines.id = engine_id where ${within(hours)}
    group by engines.id order by lower(engines.name)`.execute(db);
  return rows;
}

/** The same for each engine by hour or day (UTC); times without results are left out. */
export async function readEnginePoints(
  db: Database,
  hours: Hours,
  unit: "hour" | "day",
): Promise<(EnginePointCounts & { start: Date })[]> {
  const sum = (column: string) => sql`sum(${sql.ref(column)})::int8`;
  const { rows } = await sql<EnginePointCounts & { start: Date }>`
    select engine_id as "engineId", date_trunc(${sql.lit(unit)}, hour, 'UTC') as start, ${sum("clean")} as clean,
      ${sum("suspicious")} as suspicious, ${sum("infected")} as infected, ${sum("silent")} as silent,
      ${sum("unscanned")} as unscanned, ${sum("failed")} as failed, ${sum("timeout")} as timeout, ${sum("no_agent")} as "noAgent",
      ${sum("cancelled")} as cancelled
    from hourly_engines where ${within(hours)} group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}

/** The durations of each engine by hour or day (UTC), in ascending order. */
export async function readDurationPoints(
  db: Database,
  hours: Hours,
  unit: "hour" | "day",
): Promise<{ engineId: number; start: Date; bucket: number; count: number }[]> {
  const { rows } = await sql<{ engineId: number; start: Date; bucket: number; count: number }>`
    select engine_id as "engineId", date_trunc(${sql.lit(unit)}, hour, 'UTC') as start, bucket, sum(results)::int8 as count
    from hourly_durations where ${within(hours)} group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return rows;
}

/** How many durations fell into each bucket, in ascending order. */
export type Buckets = readonly { readonly bucket: number; readonly count: number }[];

/** The durations of each engine's results, by engine id. */
export async function readDurations(db: Database | Tx, hours: Hours): Promise<Map<number, Buckets>> {
  const { rows } = await sql<{ engineId: number; bucket: number; count: number }>`
    select engine_id as "engineId", bucket, sum(results)::int8 as count
    from hourly_durations where ${within(hours)} group by 1, 2 order by 1, 2`.execute(db);
  const byEngine = new Map<number, { bucket: number; count: number }[]>();
  for (const { engineId, ...row } of rows) byEngine.set(engineId, [...(byEngine.get(engineId) ?? []), row]);
  return byEngine;
}

/** How long scans took from acceptance to their final verdict. */
export async function readWaits(db: Database, hours: Hours): Promise<Buckets> {
  const { rows } = await sql<{ bucket: number; count: number }>`
    select bucket, sum(scans)::int8 as count from hourly_waits where ${within(hours)} group by 1 order by 1`.execute(db);
  return rows;
}

/** The most frequent signatures. */
export async function readTopSignatures(db: Database, hours: Hours, limit: number): Promise<SignatureRecord[]> {
  const { rows } = await sql<SignatureRecord>`
    select engines.name as engine, signature, sum(results)::int8 as results
    from hourly_signatures join engines on engines.id = engine_id where ${within(hours)}
    group by engines.name, signature order by sum(results) desc, signature, engines.name limit ${limit}`.execute(db);
  return rows;
}

/** The most frequent types. */
export async function readTopTypes(db: Database, hours: Hours, limit: number): Promise<TypeRecord[]> {
  const { rows } = await sql<TypeRecord>`
    select mime, sum(scans)::int8 as scans, sum(detected)::int8 as detected
    from hourly_types where ${within(hours)} group by mime order by sum(scans) desc, mime limit ${limit}`.execute(db);
  return rows;
}

/** Reads the four tables of a MultiAV2 database: samples, reports, scanners and results. */

import { sql } from "kysely";
import type { Database } from "./database.js";

/** A report with its sample, as MultiAV2 wrote them. */
export interface SourceReport {
  readonly id: number;
  readonly start_date: string | null;
  readonly end_date: string | null;
  readonly name: string | null;
  readonly md5: string | null;
  readonly sha1: string | null;
  readonly sha256: string | null;
  readonly size: string | null;
}

export type SourceSample = Omit<SourceReport, "start_date" | "end_date">;

export interface SourceScanner {
  readonly id: number;
  readonly name: string | null;
  readonly plugin_type: number | null;
  readonly has_internet: number | null;
  readonly speed: string | null;
}

export interface SourceResult {
  readonly report_id: number;
  readonly scanner_id: number | null;
  readonly queued: boolean | null;
  readonly scanning: boolean | null;
  /** JSON. */
  readonly result: string | null;
}

export interface SourceOverview {
  /** Identifies the database, independent of how it is reached. */
  readonly source: string;
  readonly reports: number;
  readonly lastReport: number;
}

const TABLES = ["reports", "results", "samples", "scanners"];

/** Undefined if this is not a MultiAV2 database. */
export async function surveySource(db: Database): Promise<SourceOverview | undefined> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.columns
    where table_schema = any(current_schemas(false)) and
      (table_name, column_name) in (('reports', 'sample_id'), ('results', 'scanner_id'), ('samples', 'sha256'), ('scanners', 'plugin_type'))
    order by 1`.execute(db);
  if (tables.map(({ name }) => name).join() !== TABLES.join()) return undefined;
  const { rows } = await sql<SourceOverview>`
    select (select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database()) as source,
      count(*) as reports, coalesce(max(id), 0)::bigint as "lastReport"
    from reports`.execute(db);
  return rows[0];
}

export async function countSourceReports(db: Database, after: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from reports where id > ${after}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** A page of reports by id, including those without a sample. */
export async function readSourceReports(db: Database, after: number, limit: number): Promise<SourceReport[]> {
  const { rows } = await sql<SourceReport>`
    select reports.id, start_date, end_date, name, md5, sha1, sha256, size
    from reports left join samples on samples.id = sample_id
    where reports.id > ${after} order by reports.id limit ${limit}`.execute(db);
  return rows;
}

/** The same for given reports. */
export async function readSourceReportsById(db: Database, ids: readonly number[]): Promise<SourceReport[]> {
  const { rows } = await sql<SourceReport>`
    select reports.id, start_date, end_date, name, md5, sha1, sha256, size
    from reports left join samples on samples.id = sample_id
    where reports.id = any(${[...ids]}::bigint[]) order by reports.id`.execute(db);
  return rows;
}

/** The results of reports, in the order they were written. MultiAV2 may have several from one scanner. */
export async function readSourceResults(db: Database, reportIds: readonly number[]): Promise<SourceResult[]> {
  const { rows } = await sql<SourceResult>`
    select report_id, scanner_id, queued, scanning, result
    from results where report_id = any(${[...reportIds]}::bigint[]) order by id`.execute(db);
  return rows;
}

export async function readSourceScanners(db: Database): Promise<SourceScanner[]> {
  const { rows } = await sql<SourceScanner>`select id, name, plugin_type, has_internet, speed from scanners order by id`.execute(
    db,
  );
  return rows;
}

/** A page of the samples without a report. */
export async function readLoneSamples(db: Database, after: number, limit: number): Promise<SourceSample[]> {
  const { rows } = await sql<SourceSample>`
    select id, name, md5, sha1, sha256, size from samples
    where id > ${after} and not exists (select from reports where sample_id = samples.id)
    order by id limit ${limit}`.execute(db);
  return rows;
}

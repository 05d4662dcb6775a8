import { sql, type Expression, type QueryCreator } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type {
  BriefReport,
  BriefResult,
  ResultRecord,
  ListedResult,
  SampleRecord,
  ScanRecord,
  ScanReport,
} from "../../schema/reports.js";
import type { Tables } from "../../schema/tables/database.js";
import { parseTimestamp, type Database } from "./database.js";
import { elements, runPreparedQuery } from "./prepared.js";

/** Scans with their samples. If `db` defines an expression `scans`, scans are read from it. */
export function selectScans(db: QueryCreator<Tables>) {
  return db
    .selectFrom("scans")
    .innerJoin("samples", "samples.id", "scans.sample_id")
    .select([
      "scans.id as scanId",
      "scans.name",
      "scans.speed",
      "scans.internet",
      "scans.start_date as startDate",
      "scans.deadline",
      "scans.end_date as endDate",
      "scans.verdict",
      "scans.done",
      "scans.total",
      "scans.detections",
      "scans.revision",
      "scans.skipped",
      "scans.labels",
      "scans.priority",
      "scans.stop_after as stopAfter",
      "scans.batch_id as batchId",
      "scans.previous",
      "scans.origin",
      "samples.id as sampleId",
      "samples.sha256",
      "samples.md5",
      "samples.sha1",
      "samples.size",
      "samples.mime",
      "samples.first_seen as firstSeen",
      sql<boolean>`samples.blob is not null`.as("stored"),
    ]);
}

type ScanRow = Awaited<ReturnType<ReturnType<typeof selectScans>["execute"]>>[number];

/** Adds the sample as an object. It changes the row in place for speed: copying costs as much as reading. */
export function scanOf<Row extends ScanRow>(row: Row): Row & { readonly sample: SampleRecord } {
  const { sampleId, sha256, md5, sha1, size, mime, firstSeen, stored } = row;
  return Object.assign(row, { sample: { sampleId, sha256, md5, sha1, size, mime, firstSeen, stored } });
}

/** One scan without its results. */
export async function readScanRecord(db: Database, scanId: number): Promise<ScanRecord | undefined> {
  const [row] = await runPreparedQuery(db, "scan", [scanId], () => selectScans(db).where("scans.id", "=", scanId));
  return row && scanOf(row);
}

/** One scan with its results, in one statement and thus one snapshot. The results come as JSON, which parses faster than columns. */
export async function readScan(db: Database, scanId: number): Promise<ScanReport | undefined> {
  const [row] = await runPreparedQuery(db, "report", [scanId], () =>
    selectScans(db)
      .select(jsonArrayFrom(selectResults(db, sql`scans.id`)).as("results"))
      .where("scans.id", "=", scanId),
  );
  return row && Object.assign(scanOf(row), { results: row.results.map(withDates) });
}

/** The same without the engines' own output. */
export async function readBriefScan(db: Database, scanId: number): Promise<BriefReport | undefined> {
  const [report] = await readBriefScans(db, [scanId]);
  return report;
}

/** The same for several scans, in the given order. */
export async function readBriefScans(db: Database, scanIds: readonly number[]): Promise<(BriefReport | undefined)[]> {
  const rows = await runPreparedQuery(db, "brief reports", [[...scanIds]], () =>
    selectScans(db)
      .select(jsonArrayFrom(selectBriefResults(db, sql`scans.id`)).as("results"))
      .where("scans.id", "=", among(scanIds)),
  );
  const found = new Map(rows.map((row) => [row.scanId, row]));
  return scanIds.map((scanId) => {
    const row = found.get(scanId);
    return row && Object.assign(scanOf(row), { results: row.results.map(withDates) });
  });
}

/** A result in JSON: dates are texts. */
type Json<Row> = { [K in keyof Row]: Row[K] extends Date | null ? string | null : Row[K] };

function withDates<Row extends Json<BriefResult>>(result: Row) {
  const { signatureDate, startedAt, endedAt } = result;
  return Object.assign(result, {
    signatureDate: parseDate(signatureDate),
    startedAt: parseDate(startedAt),
    endedAt: parseDate(endedAt),
  });
}

/** JSON separates day and time by a T, Postgres's text format by a space. */
function parseDate(text: string | null): Date | null {
  return text === null ? null : parseTimestamp(text.replace("T", " "));
}

export interface ScanPage {
  readonly newestFirst: boolean;
  /** The scan after which the page begins, in the page's order. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** A page of scans by id. */
export async function readScans(db: Database, { newestFirst, after, limit }: ScanPage): Promise<ScanRecord[]> {
  const name = `scans ${newestFirst ? "down" : "up"} ${after === undefined ? "from the end" : "from"} ${limit}`;
  const rows = await runPreparedQuery(db, name, after === undefined ? [] : [after], () => {
    const query = selectScans(db)
      .orderBy("scans.id", newestFirst ? "desc" : "asc")
      .limit(sql.lit(limit));
    return after === undefined ? query : query.where("scans.id", newestFirst ? "<" : ">", after);
  });
  return rows.map(scanOf);
}

/** Reads these scans, as far as they exist, in ascending id. */
export async function readScansById(db: Database, scanIds: readonly number[]): Promise<ScanRecord[]> {
  return (await selectScans(db).where("scans.id", "=", among(scanIds)).orderBy("scans.id").execute()).map(scanOf);
}

/** The revisions of these scans, as far as they exist. */
export async function readRevisions(db: Database, scanIds: readonly number[]): Promise<[scanId: number, revision: number][]> {
  const { rows } = await sql<{ id: number; revision: number }>`
    select id, revision from scans where id = any(${scanIds}::bigint[])`.execute(db);
  return rows.map(({ id, revision }) => [id, revision]);
}

/** The results of several scans in one statement, ordered by engine name within each scan. */
export async function readResults(db: Database, scanIds: readonly number[]): Promise<Map<number, ResultRecord[]>> {
  return byScan(scanIds, await runPreparedQuery(db, "results", [[...scanIds]], () => selectResults(db, among(scanIds))));
}

/** The same without the engines' own output. */
export async function readBriefResults(db: Database, scanIds: readonly number[]): Promise<Map<number, BriefResult[]>> {
  return byScan(
    scanIds,
    await runPreparedQuery(db, "brief results", [[...scanIds]], () => selectBriefResults(db, among(scanIds))),
  );
}

/** The results without details of where and when the engines ran. */
export async function readListedResults(db: Database, scanIds: readonly number[]): Promise<Map<number, ListedResult[]>> {
  return byScan(
    scanIds,
    await runPreparedQuery(db, "listed results", [[...scanIds]], () => selectListedResults(db, among(scanIds))),
  );
}

function byScan<R extends { readonly scanId: number }>(scanIds: readonly number[], rows: readonly R[]): Map<number, R[]> {
  const found = new Map<number, R[]>(scanIds.map((scanId) => [scanId, []]));
  for (const row of rows) found.get(row.scanId)?.push(row);
  return found;
}

function among(scanIds: readonly number[]): Expression<number> {
  return sql`any(${elements(scanIds, "bigint")})`;
}

function selectResults(db: Database, ofScans: Expression<number>) {
  return selectBriefResults(db, ofScans).select(["results.details", "results.closed"]);
}

function selectListedResults(db: Database, ofScans: Expression<number>) {
  return selectSaid(db, ofScans).select("results.details");
}

function selectBriefResults(db: Database, ofScans: Expression<number>) {
  return selectSaid(db, ofScans).select([
    "results.image_id as imageId",
    "results.image_digest as imageDigest",
    "results.agent",
    "results.started_at as startedAt",
    "results.ended_at as endedAt",
    "results.duration_ms as durationMs",
    "results.fetching_ms as fetchingMs",
    "results.starting_ms as startingMs",
    "results.exit_code as exitCode",
    "results.setup",
    "results.truncated",
    "results.reused_from as reusedFrom",
  ]);
}

/** The engines' statements, without their own output and without details of where and when they ran. */
function selectSaid(db: Database, ofScans: Expression<number>) {
  return db
    .selectFrom("results")
    .innerJoin("engines", "engines.id", "results.engine_id")
    .select([
      "results.scan_id as scanId",
      "engines.name as engine",
      "engines.type",
      "engines.speed",
      "engines.internet",
      "results.state",
      "results.verdict",
      "results.signature",
      "results.error",
      "results.cause",
      "results.suppressed",
      sql<
        string | null
      >`case when results.state <= 'SCANNING' and engines.broken_since is not null then engines.unhealthy end`.as("fault"),
      "results.bars_clean as barsClean",
      "results.engine_version as engineVersion",
      "results.signature_version as signatureVersion",
      "results.signature_date as signatureDate",
      sql<boolean>`is_stale(engines.type, engines.stale_after_ms, results.signature_date, results.ended_at)`.as("stale"),
    ])
    .where("results.scan_id", "=", ofScans)
    .orderBy("results.scan_id")
    .orderBy(sql`lower(engines.name)`);
}

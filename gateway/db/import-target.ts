/** Writes the samples, engines, scans and results of an imported database. Each page is one transaction. */

import { sql } from "kysely";
import type { EngineSpeed, PluginType } from "../../schema/classes.js";
import type { EngineVerdict, ResultCause, ResultState, Verdict } from "../../schema/states.js";
import { audit, type Actor } from "./audit.js";
import type { Database, Tx } from "./database.js";

export interface ImportedSample {
  readonly sha256: string;
  readonly md5: string;
  readonly sha1: string;
  readonly size: number;
}

export interface ImportedEngine {
  readonly name: string;
  readonly type: PluginType;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
}

/** A result of an imported scan. */
export interface ImportedResult {
  readonly engineId: number;
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly error: string | null;
  readonly cause: ResultCause | null;
  readonly engineVersion: string | null;
  readonly signatureVersion: string | null;
  /** ISO 8601. */
  readonly signatureDate: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly truncated: boolean;
}

/** An imported scan, which is final. Its dates are local times, `YYYY-MM-DD HH:MM:SS`. */
export interface ImportedScan {
  readonly reportId: number;
  readonly sample: ImportedSample;
  readonly name: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly internet: boolean;
  readonly detections: number;
  /** INFECTED, SUSPICIOUS or null. */
  readonly worst: Verdict | null;
  readonly avTotal: number;
  readonly avClean: number;
  readonly results: readonly ImportedResult[];
}

/** An import that this run or an earlier one has begun. */
export interface Import {
  readonly id: number;
  /** Reports up to this id keep it as the id of their scan. */
  readonly keptIdsTo: number;
  readonly lastReport: number;
}

/** Begins an import, or finds where an earlier run stopped. Reports keep their ids if the mesh has never had a scan. */
export async function beginImport(db: Database, source: string, lastReport: number): Promise<Import> {
  return db.transaction().execute(async (tx) => {
    // Locks the sequence, so that no id is taken while the import decides whether reports keep theirs.
    await sql`alter sequence scans_id_seq no cycle`.execute(tx);
    const before = await findImport(tx, source);
    if (before) return before;
    const { rows } = await sql<{ used: boolean }>`select is_called as used from scans_id_seq`.execute(tx);
    const keptIdsTo = rows[0]?.used === false ? lastReport : 0;
    if (keptIdsTo > 0) await sql`select setval('scans_id_seq', ${keptIdsTo})`.execute(tx);
    await tx.insertInto("imports").values({ source, kept_ids_to: keptIdsTo }).execute();
    const begun = await findImport(tx, source);
    if (!begun) throw new Error("the import that was just inserted is gone");
    return begun;
  });
}

async function findImport(tx: Tx, source: string): Promise<Import | undefined> {
  const columns = ["id", "kept_ids_to as keptIdsTo", "last_report as lastReport"] as const;
  return tx.selectFrom("imports").select(columns).where("source", "=", source).executeTakeFirst();
}

/** Inserts engines that the catalogue does not have. Returns the ids of all engines by lower-case name. */
export async function insertImportedEngines(db: Database, engines: readonly ImportedEngine[]): Promise<Map<string, number>> {
  const rows = engines.map((engine) => ({ ...engine, input: "file" as const }));
  if (rows.length > 0) {
    await db
      .insertInto("engines")
      .values(rows)
      .onConflict((conflict) => conflict.expression(sql`lower(name)`).doNothing())
      .execute();
  }
  const known = await db.selectFrom("engines").select(["id", "name"]).execute();
  return new Map(known.map(({ id, name }) => [name.toLowerCase(), id]));
}

/**
 * Writes a page of reports and moves the import on to `lastReport`. Returns the scan id of each report. Returns undefined, with nothing
 * written, if another run has moved it on.
 */
export async function writeReports(
  db: Database,
  { id, keptIdsTo, lastReport: before }: Import,
  page: { readonly scans: readonly ImportedScan[]; readonly lastReport: number; readonly timeZone: string },
  actor: Actor,
): Promise<Map<number, number> | undefined> {
  return db.transaction().execute(async (tx) => {
    const moved = await tx
      .updateTable("imports")
      .set({ last_report: page.lastReport, finished_at: null })
      .where("id", "=", id)
      .where("last_report", "=", before)
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n) return undefined;
    const sampleIds = await writeSamples(
      tx,
      page.scans.map(({ sample, startDate }) => ({ ...sample, firstSeen: startDate })),
      page.timeZone,
    );
    const moving = page.scans.filter(({ reportId }) => reportId > keptIdsTo);
    const fresh = await takeIds(tx, moving.length);
    const newIds = new Map(moving.map(({ reportId }, i) => [reportId, fresh[i] as number]));
    const scanIds = new Map(page.scans.map(({ reportId }) => [reportId, newIds.get(reportId) ?? reportId]));
    await writeScans(tx, page, scanIds, sampleIds);
    await writeResults(tx, page.scans, scanIds);
    if (newIds.size > 0) {
      const rows = [...newIds].map(([report_id, scan_id]) => ({ import_id: id, report_id, scan_id }));
      await tx.insertInto("imported_reports").values(rows).execute();
    }
    await audit(tx, actor, "importMultiAv", String(id), { scans: scanIds.size, lastReport: page.lastReport });
    return scanIds;
  });
}

/** Inserts samples without bytes, in sha256 order; existing ones stay as they are. */
async function writeSamples(
  tx: Tx,
  samples: readonly (ImportedSample & { readonly firstSeen?: string })[],
  timeZone: string,
): Promise<Map<string, number>> {
  const bySha256 = new Map(samples.toReversed().map((sample) => [sample.sha256, sample]));
  const ordered = [...bySha256.values()].toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  await sql`
    insert into samples (sha256, md5, sha1, size, mime, first_seen)
    select sha256, md5, sha1, size, 'application/octet-stream', coalesce("firstSeen" at time zone ${timeZone}, now())
    from jsonb_to_recordset(${JSON.stringify(ordered)}::jsonb) as sample
      (sha256 text, md5 text, sha1 text, size bigint, "firstSeen" timestamp)
    order by sha256
    on conflict (sha256) do nothing`.execute(tx);
  const { rows } = await sql<{ sha256: string; id: number }>`
    select sha256, id from samples where sha256 = any(${[...bySha256.keys()]}::text[])`.execute(tx);
  return new Map(rows.map(({ sha256, id }) => [sha256, id]));
}

/** The same for samples that have no report, as a page of the import. */
export async function writeLoneSamples(
  db: Database,
  { id }: Pick<Import, "id">,
  samples: readonly ImportedSample[],
  timeZone: string,
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await writeSamples(tx, samples, timeZone);
    await audit(tx, actor, "importMultiAv", String(id), { samples: samples.length });
  });
}

async function takeIds(tx: Tx, count: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select nextval('scans_id_seq') as id from generate_series(1, ${count}::int)`.execute(
    tx,
  );
  return rows.map(({ id }) => id);
}

async function writeScans(
  tx: Tx,
  { scans, timeZone }: { readonly scans: readonly ImportedScan[]; readonly timeZone: string },
  scanIds: ReadonlyMap<number, number>,
  sampleIds: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = scans.map(({ reportId, sample, results, ...scan }) => ({
    ...scan,
    id: scanIds.get(reportId),
    sampleId: sampleIds.get(sample.sha256),
    total: results.length,
  }));
  await sql`
    insert into scans (id, sample_id, name, speed, internet, start_date, deadline, end_date, verdict, done, total, detections, av_total, av_clean, skipped)
    select id, "sampleId", name, 'ALL', internet, "startDate" at time zone ${timeZone}, "endDate" at time zone ${timeZone},
      "endDate" at time zone ${timeZone}, scan_verdict(worst, true, "avTotal", "avClean", 0), total, total, detections, "avTotal", "avClean", '[]'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as scan
      (id bigint, "sampleId" bigint, name text, internet boolean, "startDate" timestamp, "endDate" timestamp, worst verdict,
       total smallint, detections smallint, "avTotal" smallint, "avClean" smallint)
    order by id`.execute(tx);
}

/** The results of existing scans. */
export async function writeResults(tx: Tx, scans: readonly ImportedScan[], scanIds: ReadonlyMap<number, number>): Promise<void> {
  const rows = scans.flatMap(({ reportId, results }) => results.map((result) => ({ ...result, scanId: scanIds.get(reportId) })));
  await sql`
    insert into results (scan_id, engine_id, state, verdict, signature, error, cause, engine_version, signature_version, signature_date, details, truncated)
    select "scanId", "engineId", state, verdict, signature, error, cause, "engineVersion", "signatureVersion",
      "signatureDate", details, truncated
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as result
      ("scanId" bigint, "engineId" int, state result_state, verdict verdict, signature text, error text, cause text, "engineVersion" text,
       "signatureVersion" text, "signatureDate" timestamptz, details jsonb, truncated boolean)`.execute(tx);
}

/** Records that all reports are imported. */
export async function finishImport(db: Database, importId: number): Promise<void> {
  await db
    .updateTable("imports")
    .set({ finished_at: sql<Date>`now()` })
    .where("id", "=", importId)
    .execute();
}

/** A page of the reports that could not keep their ids, with their scans. */
export async function readMovedReports(
  db: Database,
  importId: number,
  after: number,
  limit: number,
): Promise<{ reportId: number; scanId: number }[]> {
  return db
    .selectFrom("imported_reports")
    .select(["report_id as reportId", "scan_id as scanId"])
    .where("import_id", "=", importId)
    .where("report_id", ">", after)
    .orderBy("report_id")
    .limit(limit)
    .execute();
}

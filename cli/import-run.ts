/** Imports a MultiAV2 database page by page. Each page is there whole or not at all, and a run goes on where the last one ended. */

import type { Database } from "../gateway/db/database.js";
import {
  countSourceReports,
  readLoneSamples,
  readSourceReports,
  readSourceResults,
  readSourceScanners,
  surveySource,
  type SourceReport,
  type SourceResult,
} from "../gateway/db/import-source.js";
import {
  beginImport,
  insertImportedEngines,
  finishImport,
  readMovedReports,
  writeLoneSamples,
  writeReports,
  type Import,
} from "../gateway/db/import-target.js";
import { importUnfinished, PAGE } from "./import-unfinished.js";
import { COMMAND_LINE } from "./mesh-database.js";
import type { ProgressBar } from "./progress-bar.js";
import { translateReport, translateSample, translateScanner, type KnownEngine, type TranslatedReport } from "./multiav-report.js";
import { OperatorError } from "../schema/operator-error.js";

export interface ImportOptions {
  readonly from: Database;
  readonly into: Database;
  /** In which MultiAV2 wrote its dates. */
  readonly timeZone: string;
  readonly signal: AbortSignal;
  /** A line of the report. */
  print(line: string): void;
  progress(total: number): ProgressBar;
}

export interface ImportSummary {
  readonly before: number;
  readonly reports: number;
  readonly results: number;
  readonly duplicates: number;
  readonly stuck: number;
  readonly unreadable: number;
  readonly leftOut: number;
  readonly samplesAlone: number;
  /** Of the reports, those that have the same id here. */
  readonly keptIds: number;
  /** Reports of earlier runs that MultiAV2 has written more of since. */
  readonly updated: number;
  /** Reports that MultiAV2 has not finished. */
  readonly unfinished: number;
}

type Engines = ReadonlyMap<number, KnownEngine>;

/** Throws {@link OperatorError} where the operator must do something. */
export async function importMultiAv(options: ImportOptions): Promise<ImportSummary> {
  const { from, into } = options;
  const survey = await surveySource(from);
  if (!survey)
    throw new OperatorError("This is not a MultiAV2 database: its tables samples, reports, scanners and results are not there.");
  let current = await beginImport(into, survey.source, survey.lastReport);
  const before = survey.reports - (await countSourceReports(from, current.lastReport));
  const engines = await enterEngines(from, into);
  await printMoved(options, current);
  const sum = {
    before,
    reports: 0,
    results: 0,
    duplicates: 0,
    stuck: 0,
    unreadable: 0,
    leftOut: 0,
    samplesAlone: 0,
    keptIds: 0,
    ...(await importUnfinished(options, current, (source) => translateReports(options, engines, source))),
  };
  const bar = options.progress(survey.reports);
  try {
    for (bar.to(before); !options.signal.aborted; bar.to(before + sum.reports + sum.leftOut)) {
      const page = await readPage(options, engines, current);
      if (!page) break;
      const scans = page.reports.map(({ scan }) => scan);
      const scanIds = await writeReports(into, current, { ...page, scans, timeZone: options.timeZone }, COMMAND_LINE);
      if (!scanIds) throw new OperatorError("Another import of this database is at work.");
      current = { ...current, lastReport: page.lastReport };
      for (const report of page.reports) printReport(options, report, scanIds.get(report.scan.reportId));
      for (const line of page.left) options.print(line);
      sum.reports += page.reports.length;
      sum.leftOut += page.left.length;
      for (const { scan, duplicates, stuck, unreadable, isOpen } of page.reports) {
        if (scanIds.get(scan.reportId) === scan.reportId) sum.keptIds += 1;
        if (isOpen) sum.unfinished += 1;
        sum.results += scan.results.length;
        sum.duplicates += duplicates;
        sum.stuck += stuck;
        sum.unreadable += unreadable;
      }
    }
  } finally {
    bar.close();
  }
  options.signal.throwIfAborted();
  sum.samplesAlone = await importLoneSamples(options, current);
  await finishImport(into, current.id);
  return sum;
}

/** MultiAV2's scanners by their ids, as engines of this mesh; a scanner whose name is in the catalogue is that engine. */
async function enterEngines(from: Database, into: Database): Promise<Map<number, KnownEngine>> {
  const scanners = (await readSourceScanners(from)).map((scanner) => [scanner.id, translateScanner(scanner)] as const);
  const byName = new Map(scanners.map(([, engine]) => [engine.name.toLowerCase(), engine]));
  const ids = await insertImportedEngines(into, [...byName.values()]);
  return new Map(scanners.map(([id, engine]) => [id, { ...engine, engineId: ids.get(engine.name.toLowerCase()) ?? 0 }]));
}

async function readPage(options: ImportOptions, engines: Engines, { lastReport }: Import) {
  const source = await readSourceReports(options.from, lastReport, PAGE);
  const last = source.at(-1);
  return last && { ...(await translateReports(options, engines, source)), lastReport: last.id };
}

async function translateReports({ from, timeZone }: ImportOptions, engines: Engines, source: readonly SourceReport[]) {
  const results = new Map<number, SourceResult[]>(source.map(({ id }) => [id, []]));
  for (const row of await readSourceResults(from, [...results.keys()])) results.get(row.report_id)?.push(row);
  const reports: TranslatedReport[] = [];
  const left: string[] = [];
  for (const report of source) {
    const translated = translateReport(report, results.get(report.id) ?? [], engines, timeZone);
    if (typeof translated === "string") left.push(`report ${report.id} is left out: ${translated}`);
    else reports.push(translated);
  }
  return { reports, left };
}

function printReport({ print }: ImportOptions, { scan, notes }: TranslatedReport, scanId: number | undefined): void {
  if (scanId !== scan.reportId) print(`${scan.reportId} -> ${scanId}`);
  for (const note of notes) print(`report ${scan.reportId}: ${note}`);
}

/** The new ids of what earlier runs imported. */
async function printMoved({ into, print }: ImportOptions, { id }: Import): Promise<void> {
  for (let after = 0; ;) {
    const page = await readMovedReports(into, id, after, PAGE);
    for (const { reportId, scanId } of page) print(`${reportId} -> ${scanId}`);
    after = page.at(-1)?.reportId ?? 0;
    if (page.length < PAGE) return;
  }
}

async function importLoneSamples({ from, into, timeZone, print }: ImportOptions, current: Import): Promise<number> {
  let count = 0;
  for (let after = 0; ;) {
    const page = await readLoneSamples(from, after, PAGE);
    const samples = page.map(translateSample).filter((sample) => typeof sample !== "string");
    for (const { id } of page.filter((sample) => typeof translateSample(sample) === "string"))
      print(`sample ${id} is left out: it has no hashes`);
    if (samples.length > 0) await writeLoneSamples(into, current, samples, timeZone, COMMAND_LINE);
    count += samples.length;
    after = page.at(-1)?.id ?? 0;
    if (page.length < PAGE) return count;
  }
}

/** What MultiAV2 stored of one report, as a scan that is over, with one result per engine. */

import type { ImportedEngine, ImportedScan, ImportedResult, ImportedSample } from "../gateway/db/import-target.js";
import type { SourceReport, SourceResult, SourceSample, SourceScanner } from "../gateway/db/import-source.js";
import { NEVER_FINISHED } from "../gateway/db/import-unfinished.js";
import { ENGINE_SPEEDS, PLUGIN_TYPE_NUMBER, SPEED_NUMBER, type PluginType } from "../schema/classes.js";
import { hashName } from "../schema/hashes.js";
import { OPTION_LIMITS } from "../schema/scan-options.js";
import { merge, type Verdict } from "../schema/states.js";
import { existsIn, localTime } from "./local-time.js";
import { storable, translateResult, UNREADABLE } from "./multiav-result.js";

/** An engine of the catalogue with its id. */
export interface KnownEngine extends ImportedEngine {
  readonly engineId: number;
}

export interface TranslatedReport {
  readonly scan: ImportedScan;
  /** What was put right, a sentence each. */
  readonly notes: readonly string[];
  readonly duplicates: number;
  readonly stuck: number;
  /** Whether MultiAV2 may still write something of it. */
  readonly isOpen: boolean;
  readonly unreadable: number;
}

/** MultiAV2's scanner as an engine of the catalogue. */
export function translateScanner({ id, name, plugin_type, has_internet, speed }: SourceScanner): ImportedEngine {
  const types = Object.keys(PLUGIN_TYPE_NUMBER) as PluginType[];
  const number = /^-?\d$/.test(speed ?? "") ? Number(speed) : undefined;
  return {
    name: (name ?? "").replace(/[^A-Za-z0-9-]/g, "-").slice(0, 32) || `scanner-${id}`,
    // An unknown type must not decide a verdict, which METADATA cannot.
    type: types.find((type) => PLUGIN_TYPE_NUMBER[type] === plugin_type) ?? "METADATA",
    speed: ENGINE_SPEEDS.find((one) => SPEED_NUMBER[one] === number) ?? "MEDIUM",
    internet: has_internet === 1,
  };
}

/** A sample with its hashes, or why it cannot be taken. */
export function translateSample({ md5, sha1, sha256, size }: SourceSample): ImportedSample | string {
  const hashes = { sha256: hex(sha256), sha1: hex(sha1), md5: hex(md5) };
  for (const [name, hash] of Object.entries(hashes)) if (hashName(hash) !== name) return `its sample has no ${name}`;
  return { ...hashes, size: /^\d{1,15}$/.test(size ?? "") ? Number(size) : 0 };
}

function hex(hash: string | null): string {
  return (hash ?? "").trim().toLowerCase();
}

/** Throws nothing: what cannot be taken is told by a sentence. */
export function translateReport(
  report: SourceReport,
  rows: readonly SourceResult[],
  engines: ReadonlyMap<number, KnownEngine>,
  timeZone: string,
): TranslatedReport | string {
  const sample = translateSample(report);
  if (typeof sample === "string") return sample;
  const notes: string[] = [];
  const { results, taken, duplicates } = bestResults(rows, engines, notes);
  const start = localTime(report.start_date) ?? localTime(report.end_date);
  if (start === undefined) notes.push("it has no date; 1 January 1970 stands for it");
  const startDate = start ?? "1970-01-01 00:00:00";
  const end = localTime(report.end_date);
  for (const date of new Set([startDate, end ?? startDate]))
    if (!existsIn(timeZone, date))
      notes.push(`its date ${date} does not exist in ${timeZone}, where the clocks went forward; it is taken as an hour later`);
  const stuck = results.filter(({ error }) => error === NEVER_FINISHED).map(({ engineId }) => taken.get(engineId)?.name);
  const isOpen = stuck.length > 0 || (results.length === 0 && end === undefined);
  if (isOpen) {
    const missing = stuck.length > 0 ? `${stuck.join(", ")} had not finished` : "it has no results";
    notes.push(`MultiAV2 had not finished it (${missing}); the next run reads it again`);
  }
  const av = results.filter((result) => taken.get(result.engineId)?.type === "AV");
  const avClean = av.filter(({ verdict }) => verdict === "CLEAN").length;
  return {
    scan: {
      reportId: report.id,
      sample,
      name: [...storable(report.name ?? "")].slice(0, OPTION_LIMITS.name).join(""),
      startDate,
      endDate: end ?? startDate,
      internet: [...taken.values()].some(({ internet }) => internet),
      worst: worstOf(results),
      detections: results.filter(({ verdict }) => verdict === "INFECTED" || verdict === "SUSPICIOUS").length,
      avTotal: av.length,
      avClean,
      results,
    },
    notes,
    duplicates,
    stuck: stuck.length,
    isOpen,
    unreadable: results.filter(({ error }) => error === UNREADABLE).length,
  };
}

/** The best of the rows of each engine, as a late result of a scan would be merged; of equal ones the first. */
function bestResults(rows: readonly SourceResult[], engines: ReadonlyMap<number, KnownEngine>, notes: string[]) {
  const best = new Map<number, ImportedResult>();
  const taken = new Map<number, KnownEngine>();
  const counts = new Map<string, number>();
  for (const row of rows) {
    const engine = row.scanner_id === null ? undefined : engines.get(row.scanner_id);
    if (!engine) {
      notes.push("a result of no scanner is left out");
      continue;
    }
    const result = { ...translateResult(row, engine.type), engineId: engine.engineId };
    const before = best.get(engine.engineId);
    best.set(engine.engineId, before ? merge(before, result) : result);
    taken.set(engine.engineId, engine);
    counts.set(engine.name, (counts.get(engine.name) ?? 0) + 1);
  }
  const several = [...counts].filter(([, count]) => count > 1);
  for (const [name, count] of several) notes.push(`${count} rows of ${name} became one`);
  return { results: [...best.values()], taken, duplicates: several.reduce((sum, [, count]) => sum + count - 1, 0) };
}

function worstOf(results: readonly ImportedResult[]): Verdict | null {
  const verdicts = ["INFECTED", "SUSPICIOUS"] as const;
  return verdicts.find((verdict) => results.some((result) => result.verdict === verdict)) ?? null;
}

import { PLUGIN_TYPE_NUMBER, SPEED_NUMBER } from "../../schema/classes.js";
import type { BriefResult, ListedScan, ListedResult, ScanProof, ScanRecord } from "../../schema/reports.js";
import { isFinal } from "../../schema/states.js";
import { causeText } from "../scan/proof-text.js";
import { timingsOf } from "../scan/timings.js";
import { isScanStale, proveVerdict } from "../scan/proof.js";
import { asctime } from "./asctime.js";

/** A scan in a list. Its size is a string, as in MultiAV2. */
export function formatListed({ scanId, name, sample, startDate, endDate }: ListedScan, timeZone: string) {
  return {
    id: scanId,
    name,
    md5: sample.md5,
    sha1: sample.sha1,
    sha256: sample.sha256,
    size: String(sample.size),
    start_date: asctime(startDate, timeZone),
    end_date: endDate && asctime(endDate, timeZone),
  };
}

/** A scan with its results. */
export interface ListedReport extends ScanRecord {
  readonly results: readonly ListedResult[];
}

/** A scan with its results. `infected` is always -1, as in MultiAV2; see `verdict`. */
export function formatReport(scan: ListedReport, timeZone: string) {
  const { start_date, end_date, ...head } = formatListed(scan, timeZone);
  return {
    ...head,
    infected: -1,
    start_date,
    end_date,
    verdict: scan.verdict?.toLowerCase() ?? null,
    detections: scan.detections,
    engines: { total: scan.total, done: scan.done, skipped: scan.skipped.length },
    skipped: scan.skipped.map(({ engine, reason }) => ({ name: engine, reason: inWords(reason) })),
    stale: isScanStale(scan.results),
    proof: formatProof(proveVerdict(scan, scan.results)),
    result: scan.results.map((result) => ({ ...formatResult(result), ...formatRun(result, scan) })),
  };
}

/** Why a scan has its verdict, in the vocabulary of `/api/v1`. */
function formatProof({ detectedBy, cleanBy, antivirusAsked, barriers, absent, text, advice }: ScanProof) {
  return {
    text,
    ...(advice === null ? {} : { advice }),
    detected_by: detectedBy,
    clean_by: cleanBy,
    antivirus_asked: antivirusAsked,
    barriers: barriers.map(({ engine, state, cause, error, text: why }) => ({
      name: engine,
      text: why,
      state: inWords(state ?? "UNHEALTHY"),
      ...(cause === null ? {} : { cause: inWords(cause) }),
      ...(error === null ? {} : { error }),
    })),
    absent,
  };
}

/** The entry of one engine. The engine's own keys come first, so that they cannot override those of the contract. */
export function formatResult(result: ListedResult) {
  return {
    ...ownKeys(result),
    ...versions(result),
    ...(result.stale ? { stale: true as const } : {}),
    name: result.engine,
    has_internet: result.internet,
    infected: infected(result),
    result: result.signature ?? "",
    verdict: result.verdict?.toLowerCase() ?? null,
    speed: SPEED_NUMBER[result.speed],
    plugin_type: PLUGIN_TYPE_NUMBER[result.type],
    queued: result.state === "QUEUED" ? 1 : 0,
    scanning: result.state === "SCANNING" ? 1 : 0,
    ...reason(result),
    ...(result.suppressed === null ? {} : { suppressed: result.suppressed }),
  };
}

/** Where and how an engine ran; lists do not read this. */
function formatRun(result: ListedResult | BriefResult, { startDate }: ListedReport) {
  if (!("agent" in result) || result.agent === null || !isFinal(result.state)) return {};
  const { waitingMs, fetchingMs, startingMs, scanningMs } = timingsOf(result, startDate);
  return {
    ran: {
      agent: result.agent,
      image: result.imageId,
      image_digest: result.imageDigest,
      exit_code: result.exitCode,
      waiting_ms: waitingMs,
      fetching_ms: fetchingMs,
      starting_ms: startingMs,
      scanning_ms: scanningMs,
    },
  };
}

/** Empty unless the engine finished with a verdict: a failure is never `false`. */
function infected({ state, verdict }: ListedResult): boolean | "" {
  return state === "DONE" && verdict !== null ? verdict === "INFECTED" : "";
}

function versions({ state, engineVersion, signatureVersion, signatureDate }: ListedResult) {
  if (!isFinal(state)) return { engine: "", updated: "" };
  if (state !== "DONE") return { engine: "-", updated: "-" };
  const updated = signatureDate?.toISOString().slice(0, 10).replaceAll("-", "") ?? signatureVersion ?? "";
  return { engine: engineVersion ?? "", updated, ...(signatureVersion === null ? {} : { database: signatureVersion }) };
}

/** Keys of an antivirus engine's own output that the contract replaces, or that repeat the others as text. */
const REPLACED = new Set(["error", "cause", "markdown"]);

function ownKeys({ type, details }: ListedResult): Record<string, unknown> {
  if (details === null) return {};
  if (type !== "AV") return details;
  return Object.fromEntries(Object.entries(details).filter(([key]) => !REPLACED.has(key)));
}

function reason(result: ListedResult): { error?: string; cause?: string; cause_text?: string } {
  const { cause } = result;
  const text = causeText(result);
  return { ...errorText(result), ...(cause === null || text === null ? {} : { cause: inWords(cause), cause_text: text }) };
}

function errorText({ state, error }: ListedResult): { error?: string } {
  switch (state) {
    case "QUEUED":
    case "SCANNING":
    case "DONE":
      return {};
    case "UNSCANNED":
      return { error: `unscanned: ${error ?? ""}` };
    case "FAILED":
      return { error: error ?? "failed" };
    case "CANCELLED":
    case "NO_AGENT":
    case "TIMEOUT":
      return { error: inWords(state) };
  }
}

/** A code in the style of `/api/v1`, e.g. `too slow`. */
export function inWords(code: string): string {
  return code.toLowerCase().replaceAll("_", " ");
}

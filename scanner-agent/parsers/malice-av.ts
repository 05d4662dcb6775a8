import type { EngineVersions } from "../../schema/engine-versions.js";
import type { ResultCause } from "../../schema/states.js";
import { done, notDone, type Outcome } from "../contract.js";
import { brief } from "./brief.js";
import { readDate } from "./date.js";
import { errorOf, lacksLicence, readFailure, type Json } from "./malice-log.js";
import { isObject } from "./malice-output.js";
import { plainText, signatureName } from "./signature.js";

/** The keys of a report that are read; any other must say nothing for the report to be a proof. */
const READ = new Set(["infected", "result", "results", "engine", "database", "updated", "known", "error", "errors", "markdown"]);
/** Keys that become something else than details, in a report of any plugin. */
export const NO_DETAILS = new Set(["infected", "result", "engine", "updated", "error", "markdown"]);
const MAX_DEPTH = 16;
const CAUSES: readonly (readonly [RegExp, ResultCause])[] = [
  [/encrypt|password/i, "ENCRYPTED"],
  [/too (?:large|big)|size limit|limits? exceeded/i, "TOO_LARGE"],
  [/unsupported|not supported/i, "UNSUPPORTED_TYPE"],
];

/** What is known beside a report. */
export interface Circumstances {
  /** What went wrong outside of it. */
  readonly failure: Outcome | undefined;
  /** Keys that say nothing, by the engine's manifest. */
  readonly ignore: readonly string[];
}

/**
 * Reads the report of an antivirus plugin. A detection counts whatever else is odd or went wrong; clean must be proven: nothing
 * failed, nothing else is said, and the plugin tells which engine or signatures looked, for one that could not look prints the
 * same.
 */
export function readAv(report: Json, circumstances: Circumstances): Outcome {
  const versions = readVersions(report);
  const details = readDetails(report);
  if (affirms(report["infected"])) return { ...done("INFECTED", namesOf(report)[0] ?? null, details), versions };
  const barrier = readBarrier(report, circumstances);
  if (barrier !== undefined) return barrier === circumstances.failure ? barrier : { ...barrier, details, versions };
  if (report["infected"] !== false)
    return notDone(
      "FAILED",
      "UNPARSABLE_OUTPUT",
      `its output has another shape: infected is ${brief(report["infected"])}`,
      details,
    );
  if (plainText(report["engine"]) === "" && plainText(report["updated"]) === "")
    return notDone(
      "FAILED",
      "ENGINE_ERROR",
      "it reports nothing found and does not say by which engine: it did not scan",
      details,
    );
  return { ...done("CLEAN", null, details), versions };
}

/** What keeps a report without detections from proving that the sample is clean. */
export function readBarrier(said: Json, { failure, ignore }: Circumstances): Outcome | undefined {
  if (affirms(said["suspicious"])) return done("SUSPICIOUS", namesOf(said)[0] ?? null, null);
  const error = errorOf(said);
  if (error !== "") return readFailure(error);
  if (failure !== undefined) return failure;
  const [found] = namesOf(said);
  if (found !== undefined) return unscanned("neither infected nor clean", found);
  const words = ["engine", "database", "updated", "known", "markdown"].map((key) => said[key]);
  const licence = words.find((value) => typeof value === "string" && lacksLicence(value));
  if (licence !== undefined) return readFailure(plainText(licence));
  const other = Object.entries(said).find(([key, value]) => !READ.has(key) && !ignore.includes(key) && !isSilent(value));
  return other && unscanned("it says more than that nothing was found", `${other[0].slice(0, 100)} = ${brief(other[1])}`);
}

function unscanned(meaning: string, said: string): Outcome {
  const [, cause] = CAUSES.find(([words]) => words.test(said)) ?? [];
  return notDone("UNSCANNED", cause ?? "UNPARSABLE_OUTPUT", `${meaning}: ${said}`);
}

/** The part of a report, however deep, that says `infected`. */
export function findInfected(value: unknown, depth = 0): Json | undefined {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return undefined;
  if (isObject(value) && affirms(value["infected"])) return value;
  for (const part of Object.values(value)) {
    const found = findInfected(part, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether `infected` or `suspicious` is said, in whatever way: true, "true", 1, "yes". */
export function affirms(value: unknown): boolean {
  if (typeof value === "string") return /^(?:true|yes|infected)$/i.test(plainText(value)) || Number(value) > 0;
  return value === true || (typeof value === "number" && value > 0);
}

/** Whether a value says nothing: empty, false or a number. */
function isSilent(value: unknown, depth = 0): boolean {
  if (typeof value === "object" && value !== null)
    return depth < MAX_DEPTH && Object.values(value).every((part) => isSilent(part, depth + 1));
  if (typeof value === "string")
    return plainText(value) === "" || Number.isFinite(Number(value)) || /^-?\d[\d.eE+-]*$/.test(value);
  return value !== true;
}

/** The names of what was found: `result`, then those of the scanners of a plugin that has several, such as F-Secure. */
function namesOf({ result, results }: Json): string[] {
  return [result, results].flatMap((value) => textsIn(value)).flatMap((value) => signatureName(value) ?? []);
}

function textsIn(value: unknown, depth = 0): unknown[] {
  if (typeof value !== "object" || value === null) return value === true ? ["true"] : value === 0 ? [] : [value];
  return depth >= MAX_DEPTH ? [] : Object.values(value).flatMap((part) => textsIn(part, depth + 1));
}

function readDetails(report: Json): Outcome["details"] {
  const told = Object.entries(report).filter(([key, value]) => !NO_DETAILS.has(key) && value !== undefined && value !== null);
  return told.length === 0 ? null : Object.fromEntries(told);
}

/** What is no date under `updated` is the version of the signatures, if there is no other. */
function readVersions(report: Json): EngineVersions {
  const [engine, database, updated] = ["engine", "database", "updated"].map((key) => plainText(report[key]));
  const signatureDate = readDate(updated ?? "");
  return {
    engine: engine || null,
    signatures: database || (signatureDate === null ? updated : "") || null,
    signatureDate,
  };
}

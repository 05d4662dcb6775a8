/** What MultiAV2 stored of one engine in one report, as a result of a scan that is over. */

import type { ImportedResult } from "../gateway/db/import-target.js";
import type { SourceResult } from "../gateway/db/import-source.js";
import type { PluginType } from "../schema/classes.js";
import { MAX_RESULT_BYTES } from "../schema/messages.js";
import type { EngineVerdict, ResultState } from "../schema/states.js";

export type TranslatedResult = Omit<ImportedResult, "engineId">;

/** Why a result that MultiAV2 never wrote failed. */
export const NEVER_FINISHED = "never finished";
/** Why a result that is not JSON failed. */
export const UNREADABLE = "its result cannot be read";

/** Keys of MultiAV2's own; the rest is the engine's. */
const MULTIAV_KEYS = new Set([
  "name",
  "plugin_type",
  "speed",
  "has_internet",
  "queued",
  "scanning",
  "infected",
  "result",
  "engine",
  "updated",
  "error",
]);
const TEXT_LENGTH = 1_024;

export function translateResult({ queued, scanning, result }: SourceResult, type: PluginType): TranslatedResult {
  if (queued === true || scanning === true) return failedResult(NEVER_FINISHED);
  const answer = readResult(result);
  if (answer === undefined) return failedResult(UNREADABLE);
  if (textOf(answer.error) !== "") return failedResult(textOf(answer.error));
  const signature = textOf(answer.result);
  const verdict = engineVerdict(answer.infected, signature, type);
  if (verdict === undefined) return failedResult(NEVER_FINISHED);
  const details = Object.fromEntries(Object.entries(answer).filter(([key]) => !MULTIAV_KEYS.has(key)));
  const truncated = JSON.stringify(details).length > MAX_RESULT_BYTES;
  return {
    ...NOTHING,
    ...versions(answer),
    state: "DONE",
    verdict,
    signature: signature === "" ? null : signature,
    details: truncated || Object.keys(details).length === 0 ? null : details,
    truncated,
  };
}

const NOTHING = {
  state: "FAILED" as ResultState,
  verdict: null,
  signature: null,
  error: null,
  engineVersion: null,
  signatureVersion: null,
  signatureDate: null,
  details: null,
  truncated: false,
} as const;

function failedResult(error: string): TranslatedResult {
  return { ...NOTHING, error };
}

/** Clean is what says so and names nothing. An antivirus engine that says neither has not finished. */
function engineVerdict(infected: unknown, signature: string, type: PluginType): EngineVerdict | null | undefined {
  if (infected === true) return "INFECTED";
  if (type !== "AV") return null;
  if (infected !== false) return undefined;
  return signature === "" ? "CLEAN" : "SUSPICIOUS";
}

/** `updated` is mostly a day, written without separators. */
function versions(answer: Readonly<Record<string, unknown>>) {
  const [updated, database, engine] = [textOf(answer.updated), textOf(answer.database), textOf(answer.engine)];
  const day = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(updated)?.slice(1).join("-") ?? "";
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true && day !== "";
  const version = database !== "" ? database : isDay || updated === "-" ? "" : updated;
  return {
    engineVersion: engine === "" || engine === "-" ? null : engine,
    signatureVersion: version === "" ? null : version,
    signatureDate: isDay ? day : null,
  };
}

function readResult(text: string | null): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "", (_key, part: unknown) => (typeof part === "string" ? storable(part) : part));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? withStorableKeys(value) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withStorableKeys(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value).replaceAll("\\u0000", "\\ufffd")) as Record<string, unknown>;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value.slice(0, TEXT_LENGTH).trim();
  return typeof value === "number" ? String(value) : "";
}

/** Text that Postgres takes: valid Unicode without NUL. */
export function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll("\0", "\ufffd");
}

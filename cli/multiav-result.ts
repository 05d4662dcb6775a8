/** What MultiAV2 stored of one engine in one report, as a result of a scan that is over. */

import type { NewResult } from "../gateway/db/import-target.js";
import type { SourceResult } from "../gateway/db/import-source.js";
import type { PluginType } from "../schema/classes.js";
import { MAX_RESULT_BYTES } from "../schema/messages.js";
import type { EngineVerdict, ResultState } from "../schema/states.js";

export type TranslatedResult = Omit<NewResult, "engineId">;

/** Why a result that MultiAV2 never wrote failed. */
export const NEVER_FINISHED = "never finished";
/** Why a result that is not JSON failed. */
export const UNREADABLE = "its result cannot be read";

/** Keys of MultiAV2's own; the rest is the engine's. */
const OWN = new Set([
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
  if (queued === true || scanning === true) return failed(NEVER_FINISHED);
  const said = readResult(result);
  if (said === undefined) return failed(UNREADABLE);
  if (textOf(said.error) !== "") return failed(textOf(said.error));
  const signature = textOf(said.result);
  const verdict = verdictOf(said.infected, signature, type);
  if (verdict === undefined) return failed(NEVER_FINISHED);
  const details = Object.fromEntries(Object.entries(said).filter(([key]) => !OWN.has(key)));
  const truncated = JSON.stringify(details).length > MAX_RESULT_BYTES;
  return {
    ...NOTHING,
    ...versions(said),
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

function failed(error: string): TranslatedResult {
  return { ...NOTHING, error };
}

/** Clean is what says so and names nothing. An antivirus engine that says neither has not finished. */
function verdictOf(infected: unknown, signature: string, type: PluginType): EngineVerdict | null | undefined {
  if (infected === true) return "INFECTED";
  if (type !== "AV") return null;
  if (infected !== false) return undefined;
  return signature === "" ? "CLEAN" : "SUSPICIOUS";
}

/** `updated` is mostly a day, written without separators. */
function versions(said: Readonly<Record<string, unknown>>) {
  const [updated, database, engine] = [textOf(said.updated), textOf(said.database), textOf(said.engine)];
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

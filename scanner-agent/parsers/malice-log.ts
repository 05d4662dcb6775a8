/** What malice plugins log: lines of logfmt, JSON or plain text on either stream. */

import { notDone, type Outcome } from "../contract.js";
import { brief } from "./brief.js";
import { plainText } from "./signature.js";

/** A JSON object. */
export type Json = Record<string, unknown>;

const LONGEST_REASON = 500;
const LEVEL_KEYS = ["level", "severity", "lvl", "levelname", "@level"];
const MESSAGE_KEYS = ["msg", "message", "error", "err", "errors", "text"];
const HARMLESS = /^(?:trace|debug|info|information|informational|notice|verbose|warn|warning)$/i;
const FATAL = /^(?:fatal|panic|dpanic|critical|crit|emerg|emergency|alert)$/i;
const LOGFMT = /(?:^|\s)(?:level|lvl|severity)="?(\w+)"?(?=\s|$)/i;
/** A line that begins with the word, or has it in capitals between separators, as loggers write it. */
const PLAIN_ERROR = /(?:^|[\s[|<-])(?:ERROR|FATAL|CRITICAL)(?=[\s\]|>:-]|$)|^\W*(?:[Ff]atal )?[Ee]rror\s*[:\]]/;
const LICENCE =
  /\blicen[cs]e\b.{0,80}\b(?:expired|invalid|missing|revoked|not (?:found|valid))\b|\b(?:expired|invalid|missing|no(?: valid)?) licen[cs]e\b/i;

/** Why a plugin gave up, and what it logged as an error and went on. */
export interface Log {
  readonly fatal: string | undefined;
  readonly error: string | undefined;
}

/** Whether a text says that the engine has no licence: then it scans nothing, whatever else it says. */
export function lacksLicence(text: string): boolean {
  return LICENCE.test(text);
}

/** Whether an object is a line of a log. */
export function isLogLine(object: Json): boolean {
  return levelOf(object) !== undefined && MESSAGE_KEYS.some((key) => Object.hasOwn(object, key));
}

/** Reads lines of text, and the objects that were logged. */
export function readLog(lines: readonly string[], objects: readonly Json[]): Log {
  const entries = [...lines.flatMap((line) => lineEntry(line) ?? []), ...objects.flatMap((object) => objectEntry(object) ?? [])];
  const last = (isFatal: boolean) => entries.findLast((entry) => entry.isFatal === isFatal)?.reason;
  return {
    fatal: (last(true) ?? thrown(lines))?.slice(0, LONGEST_REASON),
    error: last(false)?.slice(0, LONGEST_REASON),
  };
}

interface Entry {
  readonly isFatal: boolean;
  readonly reason: string;
}

function lineEntry(line: string): Entry | undefined {
  const level = LOGFMT.exec(line)?.[1];
  if (level !== undefined && FATAL.test(level)) return { isFatal: true, reason: messageOf(line) };
  const isError = level === undefined ? PLAIN_ERROR.test(line) : !HARMLESS.test(level);
  return isError || lacksLicence(line) ? { isFatal: false, reason: messageOf(line) } : undefined;
}

function objectEntry(object: Json): Entry | undefined {
  const reason = plainText(object["msg"] ?? object["message"]) || errorOf(object) || brief(object);
  const level = levelOf(object);
  if (level === undefined) return errorOf(object) === "" ? undefined : { isFatal: false, reason };
  // Pino's numbers begin at 50, those of syslog end at 3.
  const isError = typeof level === "number" ? level >= 50 || level <= 3 : !HARMLESS.test(level);
  const isFatal = typeof level === "number" ? level >= 60 : FATAL.test(level);
  return isError || lacksLicence(`${reason} ${errorOf(object)}`) ? { isFatal, reason } : undefined;
}

function levelOf(object: Json): string | number | undefined {
  const level = LEVEL_KEYS.map((key) => object[key]).find((value) => typeof value === "string" || typeof value === "number");
  return level as string | number | undefined;
}

/** What an object says under `error` and `errors`; empty if it says nothing there. */
export function errorOf({ error, errors }: Json): string {
  return [error, errors].map(errorText).filter(Boolean).join("; ").slice(0, LONGEST_REASON);
}

function errorText(value: unknown): string {
  if (value === true) return "it reports an error and does not say which";
  if (typeof value === "number") return value === 0 ? "" : `error ${value}`;
  if (typeof value !== "object" || value === null) return plainText(value);
  if (Array.isArray(value)) return value.slice(0, 10).map(errorText).filter(Boolean).join("; ");
  const { type, message, msg } = value as Json;
  const told = [type, message ?? msg].map(plainText).filter(Boolean).join(": ");
  return told || (Object.values(value).some((part) => part !== "" && part !== null) ? brief(value) : "");
}

/** The value of `msg=` in a line of logfmt, or the line. */
function messageOf(line: string): string {
  const [, quoted, bare] = /(?:^|\s)msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line) ?? [];
  return quoted?.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? " " : character)) ?? bare ?? line;
}

/** A Go program's panic, or the last line of a Python program's traceback. */
function thrown(lines: readonly string[]): string | undefined {
  const panic = lines.find((line) => line.startsWith("panic: "));
  if (panic !== undefined) return panic;
  const traceback = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"));
  if (traceback === -1) return undefined;
  return lines.slice(traceback + 1).find((line) => /^[A-Za-z_][\w.]*(:|$)/.test(line)) ?? "an exception";
}

const TIMED_OUT = /\btimed out\b|deadline exceeded/i;
const UNSUPPORTED = /PEFormatError|DOS Header magic not found|not a PE\b|supports the following formats|unsupported file type/i;
const RATE_LIMIT = /queries per minute|rate limit|quota/i;

/** The outcome of a plugin that gave up, by what it printed. */
export function readFailure(reason: string, details: Outcome["details"] = null): Outcome {
  if (TIMED_OUT.test(reason)) return notDone("TIMEOUT", "TIME_LIMIT", reason, details);
  if (UNSUPPORTED.test(reason)) return notDone("UNSCANNED", "UNSUPPORTED_TYPE", `unsupported type: ${reason}`, details);
  if (RATE_LIMIT.test(reason)) return notDone("FAILED", "RATE_LIMITED", `rate limit: ${reason}`, details);
  return notDone("FAILED", "ENGINE_ERROR", reason, details);
}

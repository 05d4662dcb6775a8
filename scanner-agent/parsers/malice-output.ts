/** What malice plugins write: one JSON object on standard output, log lines on either stream. */

import { notDone, type Outcome, type RawOutput } from "../contract.js";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** How many incomplete objects are passed over; each costs a walk through the rest of the output. */
const MAX_BROKEN = 8;
const LONGEST_REASON = 500;
const TIMED_OUT = /\btimed out\b|deadline exceeded/i;
const UNSUPPORTED = /PEFormatError|DOS Header magic not found|not a PE\b|supports the following formats|unsupported file type/i;
const RATE_LIMIT = /queries per minute|rate limit|quota/i;

/** What a plugin printed. */
export interface MaliceOutput {
  /** The last object that it printed; undefined if there is none or the last one is incomplete. */
  readonly object: Json | undefined;
  /** Why it gave up: the text of a fatal log line, a panic or an exception. */
  readonly fatal: string | undefined;
  /** The error that it logged last and went on. */
  readonly error: string | undefined;
}

/** Reads the parts of a plugin's output. */
export function readOutput({ stdout, stderr }: RawOutput): MaliceOutput {
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trimEnd());
  const logged = (level: RegExp) => lines.filter((line) => level.test(line)).map(readMessage);
  return {
    object: lastObject(stdout),
    fatal: (logged(/(^|\s)level=(fatal|panic)(\s|$)/).at(-1) ?? findException(lines))?.slice(0, LONGEST_REASON),
    error: logged(/(^|\s)level=error(\s|$)/)
      .at(-1)
      ?.slice(0, LONGEST_REASON),
  };
}

/** The value of `msg=` in a line of logfmt, or the line. */
function readMessage(line: string): string {
  const [, quoted, bare] = /(?:^|\s)msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line) ?? [];
  return quoted?.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? " " : character)) ?? bare ?? line;
}

/** A Go program's panic, or the last line of a Python program's traceback. */
function findException(lines: readonly string[]): string | undefined {
  const panic = lines.find((line) => line.startsWith("panic: "));
  if (panic !== undefined) return panic;
  const traceback = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"));
  if (traceback === -1) return undefined;
  return lines.slice(traceback + 1).find((line) => /^[A-Za-z_][\w.]*(:|$)/.test(line)) ?? "an exception";
}

/** The last object that begins a line. If it is incomplete, those before it do not count: what it would have said is unknown. */
function lastObject(text: string): Json | undefined {
  let last: Json | undefined;
  let broken = 0;
  const starts = /^[ \t]*\{/gm;
  for (let start = starts.exec(text); start !== null; start = starts.exec(text)) {
    const begin = starts.lastIndex - 1;
    const end = endOfObject(text, begin);
    last = end === undefined ? undefined : parseObject(text.slice(begin, end));
    if (last !== undefined && end !== undefined) starts.lastIndex = end;
    else if ((broken += 1) >= MAX_BROKEN) return undefined;
  }
  return last;
}

/** Where the object that begins at `begin` ends; undefined if it does not. */
function endOfObject(text: string, begin: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = begin; at < text.length; at++) {
    const character = text[at];
    if (character === "\\" && quoted) at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "{") depth += 1;
    else if (character === "}" && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

function parseObject(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The outcome of a plugin that gave up, by what it printed. */
export function readFailure(reason: string, details: Outcome["details"] = null): Outcome {
  if (TIMED_OUT.test(reason)) return notDone("TIMEOUT", "TIME_LIMIT", reason, details);
  if (UNSUPPORTED.test(reason)) return notDone("UNSCANNED", "UNSUPPORTED_TYPE", `unsupported type: ${reason}`, details);
  if (RATE_LIMIT.test(reason)) return notDone("FAILED", "RATE_LIMITED", `rate limit: ${reason}`, details);
  return notDone("FAILED", "ENGINE_ERROR", reason, details);
}

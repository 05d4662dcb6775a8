/** What malice plugins write: one JSON object on standard output, log lines on either stream. */

import type { RawOutput } from "../contract.js";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** How often something that begins like an object may turn out to be none: each time is a walk through all of the rest. */
const MAX_BROKEN = 8;
const LONGEST_REASON = 500;

/** What a plugin said. */
export interface MaliceOutput {
  /** The last object it printed; undefined if there is none or the last one is cut. */
  readonly object: Json | undefined;
  /** Why it gave up, in its own words: a fatal log line, a panic, an exception. */
  readonly fatal: string | undefined;
  /** What it logged as an error and went on. */
  readonly error: string | undefined;
}

/** Takes a plugin's output apart. */
export function readOutput({ stdout, stderr }: RawOutput): MaliceOutput {
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trimEnd());
  const logged = (level: RegExp) => lines.filter((line) => level.test(line)).map(messageOf);
  return {
    object: lastObject(stdout),
    fatal: (logged(/(^|\s)level=(fatal|panic)(\s|$)/).at(-1) ?? thrown(lines))?.slice(0, LONGEST_REASON),
    error: logged(/(^|\s)level=error(\s|$)/)
      .at(-1)
      ?.slice(0, LONGEST_REASON),
  };
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

/** The last object that begins a line. One that is cut hides those before it: what it would have said is not known. */
function lastObject(text: string): Json | undefined {
  let last: Json | undefined;
  let broken = 0;
  const starts = /^[ \t]*\{/gm;
  for (let start = starts.exec(text); start !== null; start = starts.exec(text)) {
    const begin = starts.lastIndex - 1;
    const end = endOfObject(text, begin);
    last = end === undefined ? undefined : parsed(text.slice(begin, end));
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

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

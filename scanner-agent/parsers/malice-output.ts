/** What malice plugins write: JSON objects on standard output, log lines on either stream. */

import type { RawOutput } from "../contract.js";
import { isLogLine, readLog, type Json, type Log } from "./malice-log.js";
import { endOfString, isAsPrinted, isHeld, parseJson } from "./numbers.js";

/** How often something that begins like an object may turn out to be none: each time is a walk through all of the rest. */
const MAX_BROKEN = 8;
/** Objects at the beginning of a line, in a list or not. */
const START = /^[ \t\uFEFF]*(?=\{|\[\s{0,100}\{)/gm;
/** One that follows another at once. */
const NEXT = /[\s,;]*(?=\{|\[\s{0,100}\{)/y;

/** An object that a plugin printed. */
export interface Answer {
  readonly object: Json;
  /** The same, with numbers as text where they would not be printed the same again, such as a version 1.10. */
  readonly printed: Json;
}

/** What a plugin said. */
export interface MaliceOutput extends Log {
  readonly answers: readonly Answer[];
  /** Whether an object is cut or is no JSON: what it would have said is not known. */
  readonly isBroken: boolean;
}

/** Takes a plugin's output apart. */
export function readOutput({ stdout, stderr }: RawOutput): MaliceOutput {
  const [out, err] = [readObjects(stdout), readObjects(stderr)];
  const lines = [...err.lines, ...out.lines];
  const logged = [...err.answers, ...out.answers.filter(({ object }) => isLogLine(object))].map(({ object }) => object);
  return {
    answers: out.answers.filter(({ object }) => !isLogLine(object)),
    isBroken: out.isBroken,
    ...readLog(lines, logged),
  };
}

/** One object, as a text of its own; undefined if it is none. */
export function readAnswer(text: string): Answer | undefined {
  const [answer, ...others] = parsed(text) ?? [];
  return others.length === 0 ? answer : undefined;
}

/** The objects of a text, and the lines around them. */
function readObjects(text: string) {
  const answers: Answer[] = [];
  const around: string[] = [];
  let [broken, isBroken, copied] = [0, false, 0];
  START.lastIndex = 0;
  for (let begin = START.test(text) ? START.lastIndex : -1; begin !== -1;) {
    const end = endOf(text, begin);
    const found = end === undefined ? undefined : parsed(text.slice(begin, end));
    if (found !== undefined && end !== undefined) {
      answers.push(...found);
      around.push(text.slice(copied, begin));
      copied = end;
    } else {
      isBroken ||= /^[[\s]*\{\s*"/.test(text.slice(begin, begin + 200));
      if ((broken += 1) >= MAX_BROKEN) {
        isBroken = true;
        break;
      }
    }
    NEXT.lastIndex = copied;
    const follows = found !== undefined && NEXT.test(text);
    if (!follows) START.lastIndex = found === undefined ? begin + 1 : copied;
    begin = follows ? NEXT.lastIndex : START.test(text) ? START.lastIndex : -1;
  }
  around.push(text.slice(copied));
  return { answers, isBroken, lines: around.flatMap((part) => part.split("\n")).map((line) => line.trimEnd()) };
}

/** Where the object or list that begins at `begin` ends; undefined if it does not. */
function endOf(text: string, begin: number): number | undefined {
  let depth = 0;
  const marks = /["{}[\]]/g;
  marks.lastIndex = begin;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    const [mark] = found;
    if (mark === '"') marks.lastIndex = endOfString(text, found.index);
    else if (mark === "{" || mark === "[") depth += 1;
    else if ((depth -= 1) === 0) return found.index + 1;
  }
  return undefined;
}

/** An object, or those of a list; undefined if the text is no JSON. */
function parsed(text: string): Answer[] | undefined {
  try {
    const [objects, printed] = [isHeld, isAsPrinted].map((keeps) => [parseJson(text, keeps)].flat().filter(isObject));
    return (objects ?? []).map((object, index) => ({ object, printed: printed?.[index] ?? object }));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

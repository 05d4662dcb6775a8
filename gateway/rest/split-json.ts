/**
 * Reads JSON with one long text as a stream. This code only finds that text and passes its content on in pieces. JSON.parse decides what is
 * valid: for each piece, and finally for the rest, in which the text is empty.
 */

import { isUtf8 } from "node:buffer";
import { bodyTooLarge } from "../errors.js";
import { invalidJson } from "./parameters.js";

/** The JSON without the long text. */
export interface JsonRest {
  readonly value: unknown;
  /** How often the outermost object has the field. Only the first text was passed on. */
  readonly occurrences: number;
}

const [QUOTE, COLON, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('":\\[]{}');
const SPACES = new Set(Buffer.from(" \t\r\n"));
/** The largest size of the rest. */
const REST_BYTES = 1024 * 1024;

/** Yields the text of a field of the outermost object in pieces. Throws BAD_INPUT or TOO_LARGE. */
export async function* splitJson(body: AsyncIterable<Buffer>, field: string): AsyncGenerator<string, JsonRest> {
  const around = findText(field);
  const text = unquote();
  const rest: Buffer[] = [];
  let size = 0;
  for await (const bytes of body) {
    for (let start = 0; start < bytes.length;) {
      const inText = around.inText();
      const end = inText ? text.end(bytes, start) : around.end(bytes, start);
      const part = bytes.subarray(start, end);
      start = end;
      if (inText) {
        const closed = end < bytes.length;
        yield text.read(part, closed);
        if (closed) around.resume();
        continue;
      }
      size += part.length;
      if (size > REST_BYTES) throw bodyTooLarge(REST_BYTES);
      // Copied, because the slice would keep the whole buffer in memory.
      rest.push(Buffer.from(part));
    }
  }
  return { value: parseJson(Buffer.concat(rest)), occurrences: around.occurrences() };
}

/** Parses bytes as JSON in UTF-8. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw invalidJson();
  return parsed(bytes.toString("utf8").replace(/^\ufeff/, ""));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidJson(cause);
  }
}

/** Follows JSON up to the text of a field. It may misread invalid JSON, which JSON.parse refuses anyway. */
function findText(field: string) {
  let state: "outside" | "name" | "string" | "text" = "outside";
  let depth = 0;
  let isObject = false;
  let before = 0;
  let escaped = false;
  let name = "";
  let occurrences = 0;

  function outside(byte: number): void {
    if (SPACES.has(byte)) return;
    const inOutermost = depth === 1 && isObject;
    if (byte === QUOTE) {
      if (!inOutermost || before !== COLON) state = inOutermost ? "name" : "string";
      else state = occurrences === 1 && saysField(name, field) ? "text" : "string";
      if (state === "name") name = "";
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (depth === 0) isObject = byte === OPEN_OBJECT;
      depth += 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth -= 1;
    else if (byte === COLON && inOutermost && saysField(name, field)) occurrences += 1;
    before = byte;
  }

  function inString(byte: number): void {
    if (escaped) escaped = false;
    else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) {
      state = "outside";
      return;
    }
    // One character of the name takes at most six characters of the literal.
    if (state === "name" && name.length <= 6 * field.length) name += String.fromCharCode(byte);
  }

  return {
    inText: () => state === "text",
    occurrences: () => occurrences,
    /** The position where the text begins, or the end of these bytes. */
    end(bytes: Buffer, start: number): number {
      for (let i = start; i < bytes.length; i += 1) {
        if (state === "text") return i;
        const byte = bytes[i] as number;
        if (state === "outside") outside(byte);
        else inString(byte);
      }
      return bytes.length;
    },
    /** Continues at the quote that ends the text. */
    resume(): void {
      state = "string";
    },
  };
}

function saysField(literal: string, field: string): boolean {
  if (literal === field) return true;
  if (!literal.includes("\\")) return false;
  try {
    return JSON.parse(`"${literal}"`) === field;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Decodes the literal of a text piece by piece. */
function unquote() {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let escaped = false;
  let held = "";

  function decoded(bytes: Buffer, closed: boolean): string {
    try {
      return utf8.decode(bytes, { stream: !closed });
    } catch (cause) {
      throw invalidJson(cause);
    }
  }

  return {
    /** The position of the quote that ends the text, or the end of these bytes. */
    end(bytes: Buffer, start: number): number {
      for (let i = start; i < bytes.length; i += 1) {
        const byte = bytes[i];
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) return i;
      }
      return bytes.length;
    },
    read(bytes: Buffer, closed: boolean): string {
      const literal = held + decoded(bytes, closed);
      const end = closed ? literal.length : beginOfOpenEscape(literal);
      held = literal.slice(end);
      return parsed(`"${literal.slice(0, end)}"`) as string;
    },
  };
}

/** The start of an escape that is incomplete, or the literal's length. */
function beginOfOpenEscape(literal: string): number {
  const last = literal.lastIndexOf("\\");
  let first = last;
  while (literal[first - 1] === "\\") first -= 1;
  const length = literal.length - last;
  const isOpen = last >= 0 && (last - first) % 2 === 0 && length < (literal[last + 1] === "u" ? 6 : 2);
  return isOpen ? last : literal.length;
}

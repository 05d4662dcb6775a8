/**
 * JSON with one long text in it, read as it comes. Only that text is found here, and what it says goes by in pieces; what is
 * JSON and what is not is decided by JSON.parse: of each piece, and in the end of the rest, where the text is left empty.
 */

import { isUtf8 } from "node:buffer";
import { bodyTooLarge } from "../errors.js";
import { invalidJson } from "./parameters.js";

/** What the JSON says without the long text. */
export interface JsonRest {
  readonly value: unknown;
  /** How often the outermost object has the field; of several texts the first went by. */
  readonly occurrences: number;
}

const [QUOTE, COLON, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('":\\[]{}');
const SPACES = new Set(Buffer.from(" \t\r\n"));
/** Most bytes of the rest. */
const REST_BYTES = 1024 * 1024;

/** Yields the text of that field of the outermost object in pieces. Throws BAD_INPUT or TOO_LARGE. */
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
      // A copy: the piece would keep all the bytes that it came with.
      rest.push(Buffer.from(part));
    }
  }
  return { value: parseJson(Buffer.concat(rest)), occurrences: around.occurrences() };
}

/** Bytes as JSON in UTF-8. */
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

/** Follows JSON up to the text of a field. Of what is not JSON it may think anything: JSON.parse refuses it. */
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
    // Six characters of a literal are one of the name at most.
    if (state === "name" && name.length <= 6 * field.length) name += String.fromCharCode(byte);
  }

  return {
    inText: () => state === "text",
    occurrences: () => occurrences,
    /** Where these bytes end or the text begins. */
    end(bytes: Buffer, start: number): number {
      for (let i = start; i < bytes.length; i += 1) {
        if (state === "text") return i;
        const byte = bytes[i] as number;
        if (state === "outside") outside(byte);
        else inString(byte);
      }
      return bytes.length;
    },
    /** Goes on at the quote that ends the text. */
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

/** Reads the literal of a text, piece by piece. */
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
    /** Where these bytes end or the quote stands that ends the text. */
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

/** Where an escape begins that is not there to its end, or the literal's length. */
function beginOfOpenEscape(literal: string): number {
  const last = literal.lastIndexOf("\\");
  let first = last;
  while (literal[first - 1] === "\\") first -= 1;
  const length = literal.length - last;
  const isOpen = last >= 0 && (last - first) % 2 === 0 && length < (literal[last + 1] === "u" ? 6 : 2);
  return isOpen ? last : literal.length;
}

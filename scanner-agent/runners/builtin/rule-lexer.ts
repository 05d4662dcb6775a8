/** A word, a literal, a hex pattern or a punctuation mark of rule source; `end` is where it is over. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "regexp" | "hex" | "mark";
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*|[$#@][A-Za-z0-9_]*|!(?!=)[A-Za-z0-9_]*/y;
const NUMBER = /0x[0-9a-fA-F]+|0o[0-7]+|[0-9][0-9_]*\.[0-9][0-9_]*|[0-9][0-9_]*(?:KB|MB)?/y;
const FLAGS = /[A-Za-z]*/y;
const OPERATOR = /[=!<>]=|<<|>>|\.\.|[^]/y;
/** What a hex pattern is made of, besides comments. */
const HEX = /[0-9A-Fa-f?~|()[\]\-\s]/;

/**
 * The tokens of rule source as YARA-X reads it; comments and white space are skipped. Never throws: anything else becomes a mark.
 */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  // Otherwise a source of nothing but comment openings would be searched to its end for each.
  const lastClosed = source.lastIndexOf("*/");
  let previous = "";
  for (let at = 0; at < source.length;) {
    const char = source[at] ?? "";
    const end = /\s/.test(char) ? at + 1 : commentEnd(source, at, lastClosed);
    if (end !== undefined) {
      at = end;
      continue;
    }
    const token = tokenAt(source, at, previous, lastClosed);
    tokens.push(token);
    previous = source.slice(token.start, Math.min(token.end, token.start + 2));
    at = token.end;
  }
  return tokens;
}

function tokenAt(source: string, start: number, previous: string, lastClosed: number): Token {
  const char = source[start];
  const literal =
    char === '"'
      ? stringEnd(source, start)
      : char === "/"
        ? regexpEnd(source, start)
        : char === "{" && previous === "="
          ? hexEnd(source, start, lastClosed)
          : undefined;
  if (literal !== undefined) return { kind: char === '"' ? "string" : char === "/" ? "regexp" : "hex", start, end: literal };
  for (const [kind, shape] of [
    ["number", NUMBER],
    ["word", WORD],
    ["mark", OPERATOR],
  ] as const) {
    const end = matchEnd(shape, source, start);
    if (end !== undefined) return { kind, start, end };
  }
  return { kind: "mark", start, end: start + 1 };
}

function matchEnd(shape: RegExp, source: string, start: number): number | undefined {
  shape.lastIndex = start;
  return shape.test(source) ? shape.lastIndex : undefined;
}

/** Where a comment that begins here ends; one that is never closed is none. */
function commentEnd(source: string, start: number, lastClosed: number): number | undefined {
  if (source.startsWith("//", start)) return after(source, "\n", start) ?? source.length;
  if (start + 2 <= lastClosed && source.startsWith("/*", start)) return after(source, "*/", start + 2);
  return undefined;
}

function after(source: string, what: string, from: number): number | undefined {
  const at = source.indexOf(what, from);
  return at === -1 ? undefined : at + what.length;
}

/** A string in single quotes ends on its line; one in triple quotes may span lines. */
function stringEnd(source: string, start: number): number | undefined {
  const long = source.startsWith('"""', start) ? closing(source, start + 3, '"', true) : undefined;
  if (long !== undefined && source.startsWith('"""', long)) return long + 3;
  const short = closing(source, start + 1, '"', false);
  return short === undefined ? undefined : short + 1;
}

function regexpEnd(source: string, start: number): number | undefined {
  const slash = closing(source, start + 1, "/", false);
  // `//` and `/*` begin comments.
  if (slash === undefined || slash === start + 1 || source[start + 1] === "*") return undefined;
  return matchEnd(FLAGS, source, slash + 1) ?? slash + 1;
}

/** Where the mark stands that no backslash precedes. */
function closing(source: string, from: number, mark: string, multiline: boolean): number | undefined {
  for (let at = from; at < source.length; at++) {
    const char = source[at];
    if (char === mark) return at;
    if (char === "\n" && !multiline) return undefined;
    if (char === "\\") at++;
  }
  return undefined;
}

function hexEnd(source: string, start: number, lastClosed: number): number | undefined {
  for (let at = start + 1; at < source.length;) {
    const char = source[at] ?? "";
    if (char === "}") return at + 1;
    const end = HEX.test(char) ? at + 1 : commentEnd(source, at, lastClosed);
    if (end === undefined) return undefined;
    at = end;
  }
  return undefined;
}

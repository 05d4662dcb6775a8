import { tokensOf, type Token } from "./rule-lexer.js";

/** A part of a source. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An `include` or `import` statement. */
export interface Statement extends Span {
  /** What stands between its quotes, with escapes undone. */
  readonly name: string;
}

/** An entry of a rule's metadata; its span is that of the value. */
export interface MetaEntry extends Span {
  readonly key: string;
  readonly kind: Token["kind"];
  /** The value as written, a minus sign before it included. */
  readonly text: string;
}

/** A rule. Its span is all of it, with `private` and `global`. */
export interface Rule extends Span {
  readonly name: string;
  readonly global: boolean;
  readonly meta: readonly MetaEntry[];
  readonly condition: readonly Token[];
}

/** What a rule source consists of, as far as it can be read. */
export interface Outline {
  readonly includes: readonly Statement[];
  readonly imports: readonly Statement[];
  readonly rules: readonly Rule[];
}

/** Reads the outline of rule source. Mistakes are left for the compiler to report. */
export function outlineOf(source: string): Outline {
  const tokens = tokensOf(source);
  const text = ({ start, end }: Span) => source.slice(start, end);
  const includes: Statement[] = [];
  const imports: Statement[] = [];
  const rules: Rule[] = [];
  let modifiers: Token[] = [];
  for (let at = 0; at < tokens.length;) {
    const [token, next] = [tokens[at], tokens[at + 1]];
    if (token === undefined) break;
    const word = token.kind === "word" ? text(token) : "";
    if ((word === "include" || word === "import") && next?.kind === "string") {
      const statement = { start: token.start, end: next.end, name: unquoted(text(next)) };
      (word === "include" ? includes : imports).push(statement);
      at += 2;
    } else if (word === "rule") {
      const end = ruleEnd(tokens, at, text);
      const read = readRule(tokens.slice(at, end), text, modifiers);
      if (read !== undefined) rules.push(read);
      at = end;
    } else {
      at += 1;
      if (word === "private" || word === "global") {
        modifiers.push(token);
        continue;
      }
    }
    modifiers = [];
  }
  return { includes, imports, rules };
}

/** The index after a rule's last token: its brace, or the token before the next rule if the brace is missing. */
function ruleEnd(tokens: readonly Token[], from: number, text: (span: Span) => string): number {
  for (let at = from + 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const shown = token.kind === "mark" || token.kind === "word" ? text(token) : "";
    if (shown === "}") return at + 1;
    if (token.kind === "word" && shown === "rule") {
      while (["private", "global"].includes(wordAt(tokens[at - 1], text))) at -= 1;
      return at;
    }
  }
  return tokens.length;
}

function readRule(tokens: readonly Token[], text: (span: Span) => string, modifiers: readonly Token[]): Rule | undefined {
  const [rule, name] = tokens;
  const last = tokens.at(-1);
  if (rule === undefined || name?.kind !== "word" || last === undefined) return undefined;
  const section = (title: string) =>
    tokens.findIndex((token, at) => wordAt(token, text) === title && markAt(tokens[at + 1], text) === ":") + 2;
  const condition = section("condition");
  const meta = section("meta");
  return {
    start: (modifiers[0] ?? rule).start,
    end: last.end,
    name: text(name),
    global: modifiers.some((token) => text(token) === "global"),
    meta: meta < 2 ? [] : readMeta(tokens.slice(meta), text),
    condition: condition < 2 ? [] : tokens.slice(condition, text(last) === "}" ? -1 : undefined),
  };
}

function readMeta(tokens: readonly Token[], text: (span: Span) => string): MetaEntry[] {
  const entries: MetaEntry[] = [];
  for (let at = 0; markAt(tokens[at + 1], text) === "=";) {
    const key = tokens[at];
    const minus = markAt(tokens[at + 2], text) === "-" ? tokens[at + 2] : undefined;
    const value = tokens[at + (minus === undefined ? 2 : 3)];
    if (key?.kind !== "word" || value === undefined) break;
    const { kind, end } = value;
    const written = minus === undefined ? text(value) : `-${text(value)}`;
    entries.push({ key: text(key), kind, text: written, start: (minus ?? value).start, end });
    at += minus === undefined ? 3 : 4;
  }
  return entries;
}

function wordAt(token: Token | undefined, text: (span: Span) => string): string {
  return token?.kind === "word" ? text(token) : "";
}

function markAt(token: Token | undefined, text: (span: Span) => string): string {
  return token?.kind === "mark" ? text(token) : "";
}

/** What a string literal says. */
export function unquoted(literal: string): string {
  const quotes = literal.startsWith('"""') && literal.length >= 6 ? 3 : 1;
  return literal.slice(quotes, -quotes).replaceAll(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (_, hex?: string, char?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return { n: "\n", r: "\r", t: "\t" }[char ?? ""] ?? char ?? "";
  });
}

import { compileAll, EXTERNAL_VARIABLES, keepCompilable } from "./rule-compiler.js";
import { outlineOf, type Rule, type Span } from "./rule-outline.js";
import type { Token } from "./rule-lexer.js";

const EXTERNALS = new Set<string>(EXTERNAL_VARIABLES);
const COMPARISONS = new Set([
  "==",
  "!=",
  "<",
  ">",
  "<=",
  ">=",
  "contains",
  "icontains",
  "startswith",
  "istartswith",
  "endswith",
  "iendswith",
  "iequals",
  "matches",
]);
/** Modules that read a sandbox's report, which ScanMesh never has. */
const REPORT_MODULES = new Set(["cuckoo"]);

interface Edit extends Span {
  readonly text: string;
}

/** A rule that can never match here, and why. */
export interface DeadRule {
  readonly rule: Rule;
  readonly reason: string;
}

/**
 * Finds the rules of a text that can never match because external variables are empty or because there is no sandbox report. What is known
 * is written into the conditions, and YARA-X then reports which of them are always false. This is repeated until no more are found: a rule
 * that needs a dead rule is dead too.
 */
export function rulesThatNeverMatch(text: string): DeadRule[] {
  const { rules } = outlineOf(text);
  const facts = new Map(rules.map((rule) => [rule, factsOf(text, rule.condition)]));
  if ([...facts.values()].every(({ edits }) => edits.length === 0)) return [];
  // Rules that their author disabled on purpose are not reported.
  const off = new Set(alwaysFalse(text));
  const dead = new Set<string>();
  for (let isDone = false; !isDone;) {
    const edits = [...facts].flatMap(([{ condition }, known]) => [...known.edits, ...mentions(text, condition, dead)]);
    const found = alwaysFalse(edited(text, edits)).filter((name) => !dead.has(name) && !off.has(name));
    for (const name of found) dead.add(name);
    isDone = found.length === 0;
  }
  const global = rules.find((rule) => rule.global && dead.has(rule.name));
  return rules
    .filter(({ name }) => global !== undefined || dead.has(name))
    .map((rule) => ({ rule, reason: reasonOf(facts.get(rule)?.needs ?? [], global) }));
}

function reasonOf(needs: readonly string[], global: Rule | undefined): string {
  if (needs.length > 0) return `it needs ${[...new Set(needs)].join(" and ")}`;
  if (global !== undefined) return `the global rule ${global.name} never matches`;
  return "it depends on a rule that never matches";
}

/** What is known about a condition, as edits of its text and as words for the operator. */
interface Facts {
  readonly edits: readonly Edit[];
  readonly needs: readonly string[];
}

function factsOf(text: string, condition: readonly Token[]): Facts {
  const edits: Edit[] = [];
  const needs: string[] = [];
  const word = (at: number) => textOf(text, condition[at]);
  for (let at = 0; at < condition.length; at++) {
    const token = condition[at];
    if (token?.kind !== "word" || word(at - 1) === ".") continue;
    if (EXTERNALS.has(word(at))) {
      const [first, last] = comparison(at, word, condition);
      const edit = valueOf(text, condition.slice(first, last + 1));
      if (edit === undefined) continue;
      edits.push(edit);
      needs.push(`the external variable ${word(at)}, which is always empty`);
      at = last;
    } else if (REPORT_MODULES.has(word(at)) && word(at + 1) === ".") {
      const last = callEnd(at, word);
      edits.push({ start: token.start, end: condition[last]?.end ?? token.end, text: "0" });
      needs.push(`a report of ${word(at)}, which there is none of`);
      at = last;
    }
  }
  return { edits, needs };
}

/** The tokens of the comparison with a literal that an external variable is in, or of the variable alone. */
function comparison(at: number, word: (at: number) => string, tokens: readonly Token[]): [first: number, last: number] {
  const isLiteral = (token: Token | undefined) => token?.kind === "string" || token?.kind === "regexp";
  if (COMPARISONS.has(word(at + 1)) && (isLiteral(tokens[at + 2]) || EXTERNALS.has(word(at + 2)))) return [at, at + 2];
  if (COMPARISONS.has(word(at - 1)) && isLiteral(tokens[at - 2])) return [at - 2, at];
  return [at, at];
}

/** What an expression with external variables evaluates to; undefined if YARA-X would not accept that. */
function valueOf(text: string, tokens: readonly Token[]): Edit | undefined {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const span = { start: first.start, end: last.end };
  if (tokens.length === 1) return { ...span, text: '""' };
  const expression = tokens.map((token) => (EXTERNALS.has(textOf(text, token)) ? '""' : textOf(text, token))).join(" ");
  const { text: rule } = keepCompilable(`rule known { condition: ${expression} }`);
  if (rule === null || !rule.includes("known")) return undefined;
  using rules = compileAll([{ namespace: "known", text: rule }]);
  const { matches } = rules.scan(new Uint8Array()) as { matches: unknown[] };
  return { ...span, text: String(matches.length > 0) };
}

/** The last token of `module.field.function(…)`. */
function callEnd(from: number, word: (at: number) => string): number {
  let at = from;
  while (word(at + 1) === ".") at += 2;
  if (word(at + 1) !== "(") return at;
  let depth = 0;
  for (let end = at + 1; word(end) !== ""; end++) {
    if (word(end) === "(") depth++;
    if (word(end) === ")") depth--;
    if (depth === 0) return end;
  }
  return at;
}

function mentions(text: string, condition: readonly Token[], names: ReadonlySet<string>): Edit[] {
  return condition.flatMap((token, at) => {
    const isMention = token.kind === "word" && names.has(textOf(text, token)) && textOf(text, condition[at - 1]) !== ".";
    return isMention ? [{ start: token.start, end: token.end, text: "false" }] : [];
  });
}

function alwaysFalse(text: string): string[] {
  const { warnings } = keepCompilable(text);
  return warnings.flatMap((warning) => /rule `(\w+)` is always `false`/.exec(warning)?.[1] ?? []);
}

function edited(text: string, edits: readonly Edit[]): string {
  let rest = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    rest += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return rest + text.slice(at);
}

function textOf(text: string, token: Span | undefined): string {
  return token === undefined ? "" : text.slice(token.start, token.end);
}

/** The rules of a ruleset that nobody serves yet, looked at file by file: every mistake with its file and line. */

import { dirname, join, relative, resolve } from "node:path";
import { MAX_MISTAKES, RULE_FILE, type RuleMistake } from "../../../schema/rule-job.js";
import { linesOf } from "./lines.js";
import { keepCompilable, located, withoutConsequences, type NamedText } from "./rule-compiler.js";
import { outlineOf } from "./rule-outline.js";
import { rulesThatNeverMatch } from "./rule-reach.js";
import type { FoundFile } from "./rule-files.js";
import { createNamer, includersFirst } from "./rule-order.js";
import { readSource, statesVerdict, type RuleSource } from "./rule-source.js";

/** A file of a ruleset: its text, or why it cannot be read, as in "is not UTF-8". */
export type RulesetFile = { readonly path: string } & ({ readonly text: string } | { readonly problem: string });

/** A rule, and where it begins. */
export interface PlacedRule {
  readonly name: string;
  readonly path: string;
  readonly line: number;
}

/** What is found in a file and in those that it includes. */
export interface CheckedFile {
  readonly mistakes: readonly RuleMistake[];
  /** How many more mistakes it has. */
  readonly omitted: number;
  /** Paths of the files that it includes, directly or not: they need not be looked at by themselves if nothing is wrong here. */
  readonly included: readonly string[];
  readonly rules: readonly PlacedRule[];
  /** What is compiled together with the texts of other files; null: it has mistakes. */
  readonly text: NamedText | null;
}

/** A ruleset that is being looked at. */
export interface OpenRuleset {
  /** Its rule files, those first that no other file includes. */
  readonly order: readonly string[];
  check(path: string): Promise<CheckedFile>;
}

/** Where its files are said to be: nothing is read from there. */
const FOLDER = "/ruleset";
/** A rule that is slow on this much is too slow for real samples. */
const PROBE_BYTES = 256 * 1024;
const NO_VERDICT =
  "no rule of this ruleset states a verdict: what they match is told in the report, and the verdict of the scan stays as it is. " +
  'A rule states one by its metadata: verdict = "infected" or verdict = "suspicious"';

/** Reads only which file includes which. */
export async function openRuleset(files: readonly RulesetFile[]): Promise<OpenRuleset> {
  const texts = new Map(files.map((file) => [join(FOLDER, file.path), file]));
  const found = files.map(({ path }): FoundFile => {
    const name = path.replace(RULE_FILE, "");
    return { path: join(FOLDER, path), folder: FOLDER, name, isRules: RULE_FILE.test(path), size: 0, modified: new Date(0) };
  });
  const byPath = new Map(found.map((file) => [file.path, file]));
  const read = async ({ path }: FoundFile) => texts.get(path) ?? { problem: "is not there" };
  const included = includedPaths(texts);
  const rules = found.filter(({ isRules }) => isRules);
  const order = includersFirst(rules, ({ path }) => included.has(path));
  const nameSpace = createNamer();
  const namespaces = new Map(order.map((file) => [file.path, nameSpace(file)]));
  // Rules without a verdict are good to have beside others, so it is told once, of the whole ruleset.
  const silent = firstSilentRule([...order.map(({ path }) => path), ...included], texts);
  return {
    order: order.map(({ path }) => relative(FOLDER, path)),
    async check(path) {
      const file = byPath.get(join(FOLDER, path));
      const source = file && (await readSource(file, byPath, read));
      if (!file || !source) throw new TypeError(`${path} is no file of this ruleset`);
      if ("problem" in source) return unreadable(path, source.problem);
      const checked = checkSource(source, namespaces.get(file.path) ?? file.name);
      // The first file is always looked at by itself.
      if (silent === undefined || file !== order[0] || checked.text === null) return checked;
      const mistakes: RuleMistake[] = [{ ...silent, message: NO_VERDICT, severity: "WARNING" }, ...checked.mistakes];
      const told = mistakes.slice(0, MAX_MISTAKES);
      return { ...checked, mistakes: told, omitted: checked.omitted + mistakes.length - told.length };
    },
  };
}

/** All that a file of rules includes, directly or through others. */
function includedPaths(files: ReadonlyMap<string, RulesetFile>): Set<string> {
  const included = new Set<string>();
  const waiting = [...files.keys()].filter((path) => RULE_FILE.test(path));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = files.get(path);
    if (file === undefined || "problem" in file) continue;
    for (const { name } of outlineOf(file.text).includes) {
      const other = resolve(dirname(path), name);
      if (other === path || included.has(other)) continue;
      included.add(other);
      if (!RULE_FILE.test(other)) waiting.push(other);
    }
  }
  return included;
}

/** The first rule of these files, if none of them states a verdict. */
function firstSilentRule(
  paths: readonly string[],
  files: ReadonlyMap<string, RulesetFile>,
): Omit<PlacedRule, "name"> | undefined {
  let first: Omit<PlacedRule, "name"> | undefined;
  for (const path of paths) {
    const file = files.get(path);
    if (file === undefined || "problem" in file) continue;
    const { rules } = outlineOf(file.text);
    if (rules.some(statesVerdict)) return undefined;
    const [rule] = rules;
    if (rule !== undefined) first ??= { path: relative(FOLDER, path), line: linesOf(file.text).at(rule.start) };
  }
  return first;
}

function unreadable(path: string, problem: string): CheckedFile {
  const mistake: RuleMistake = { path, line: null, message: `the file ${problem}`, severity: "ERROR" };
  return { mistakes: [mistake], omitted: 0, included: [], rules: [], text: null };
}

function checkSource(source: RuleSource, namespace: string): CheckedFile {
  const { text, dropped, warnings } = keepCompilable(source.text);
  const place = (line: number) => {
    const at = source.placeOf(line);
    return { path: relative(FOLDER, at.path), line: at.line };
  };
  const mistakes: RuleMistake[] = [
    ...source.problems.map(({ path, line, message, isInclude }): RuleMistake => ({
      path: relative(FOLDER, path),
      line,
      message,
      severity: isInclude ? "ERROR" : "WARNING",
    })),
    ...withoutConsequences(dropped).map(({ line, message }): RuleMistake => ({ ...place(line), message, severity: "ERROR" })),
  ];
  const isGood = text !== null && mistakes.every(({ severity }) => severity === "WARNING");
  if (isGood) {
    for (const { line, message } of warnings.map(located)) mistakes.push({ ...place(line), message, severity: "WARNING" });
    mistakes.push(...neverMatching(text, place));
  }
  // A file that is no rule file has a mistake in every line. What keeps the rules from being enabled is never left out.
  const told = errorsFirst(mistakes).slice(0, MAX_MISTAKES);
  return {
    mistakes: told,
    omitted: mistakes.length - told.length,
    included: source.included.map(({ path }) => relative(FOLDER, path)),
    rules: text === null ? [] : rulesOf(text).map(({ name, line }) => ({ name, ...place(line) })),
    text: isGood ? { namespace, text } : null,
  };
}

export function isError({ severity }: RuleMistake): boolean {
  return severity === "ERROR";
}

/** What keeps the rules from being enabled comes first; otherwise the order stays. */
export function errorsFirst(mistakes: readonly RuleMistake[]): RuleMistake[] {
  return mistakes.toSorted((a, b) => Number(isError(b)) - Number(isError(a)));
}

function neverMatching(text: string, place: (line: number) => { path: string; line: number }): RuleMistake[] {
  const lines = linesOf(text);
  return rulesThatNeverMatch(text).map(({ rule: { name, start }, reason }) => ({
    ...place(lines.at(start)),
    message: `rule ${name} can never match: ${reason}`,
    severity: "WARNING",
  }));
}

function rulesOf(text: string): { name: string; line: number }[] {
  const lines = linesOf(text);
  return outlineOf(text).rules.map(({ name, start }) => ({ name, line: lines.at(start) }));
}

/** The text with only these rules active; the others keep their patterns. */
export function withOnly(text: string, names: ReadonlySet<string>): string {
  let rest = "";
  let at = 0;
  for (const { condition } of outlineOf(text).rules.filter((rule) => !names.has(rule.name))) {
    const [first, last] = [condition[0], condition.at(-1)];
    if (first === undefined || last === undefined) continue;
    rest += `${text.slice(at, first.start)}false and (${text.slice(first.start, last.end)})`;
    at = last.end;
  }
  return rest + text.slice(at);
}

/** Content that slow rules are slow on: all byte values, long runs of one byte, and words. */
export function probeBytes(): Uint8Array {
  const bytes = Buffer.alloc(PROBE_BYTES);
  const quarter = PROBE_BYTES / 4;
  for (let n = 0; n < quarter; n++) bytes[n] = (n * 31 + (n >> 8)) & 0xff;
  bytes.fill("a", quarter, 2 * quarter);
  bytes.fill("GET /index.php?id=1234567890 HTTP/1.1\r\n", 2 * quarter, 3 * quarter);
  return bytes;
}

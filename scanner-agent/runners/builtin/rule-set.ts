import { createHash } from "node:crypto";
import { findFiles, type FoundFile } from "./rule-files.js";
import { keepCompilable, type CompileError, type NamedText } from "./rule-compiler.js";
import { linesOf } from "./lines.js";
import { outlineOf } from "./rule-outline.js";
import { rulesThatNeverMatch } from "./rule-reach.js";
import { createNamer, includersFirst } from "./rule-order.js";
import { createReader, readSource, type RuleSource } from "./rule-source.js";

/** The rules of some folders, as far as they compile. */
export interface RuleSet {
  readonly texts: readonly NamedText[];
  /** Tells this set from others; says how many files are not wholly in it. */
  readonly name: string;
  /** When the newest of its files was written. */
  readonly modified: Date;
  /** What is not read, does not compile or can never match: a sentence each, with file and line. */
  readonly problems: readonly string[];
  /** Those of them that are of files which are not used, or not all of them. */
  readonly faults: readonly string[];
}

/**
 * Reads the rules of folders. Files or rules that cannot be read or compiled are left out, and the rest is used. Throws if no rule is left,
 * or if a folder cannot be read.
 */
export async function readRuleSet(folders: readonly string[]): Promise<RuleSet> {
  const { files, problems } = await findFiles(folders);
  const { sources, unread } = await readSources(files);
  const { texts, loaded, failed } = load(sources, unread);
  const faults = [...failed.values()].flat();
  const sentences = [
    ...problems,
    ...faults,
    ...sources.flatMap(({ problems: its }) => its.map(({ path, line, message }) => `${path}:${line}: ${message}`)),
    ...neverMatching(texts),
  ];
  const total = files.filter(({ isRules }) => isRules).length;
  if (texts.length === 0)
    throw new Error(total === 0 ? "there is no rule file" : `no rule file compiles: ${sentences.slice(0, 5).join("; ")}`);
  return {
    texts,
    name: nameOf(texts, failed.size, total),
    modified: new Date(Math.max(...loaded.map(({ modified }) => modified.getTime()))),
    problems: [...new Set(sentences)],
    faults: [...new Set(faults)],
  };
}

/** The sources of all rule files; `unread` says of the others why not, by path. */
async function readSources(files: readonly FoundFile[]): Promise<{ sources: RuleSource[]; unread: Map<string, string> }> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const read = createReader();
  const sources: RuleSource[] = [];
  const unread = new Map<string, string>();
  for (const file of files) {
    if (!file.isRules) continue;
    const source = await readSource(file, byPath, read);
    if ("problem" in source) unread.set(file.path, `${file.path} ${source.problem}`);
    else sources.push(source);
  }
  return { sources, unread };
}

interface LoadedText extends NamedText {
  readonly source: RuleSource;
}

interface Loaded {
  readonly texts: readonly LoadedText[];
  readonly loaded: readonly FoundFile[];
  /** What is wrong with files that do not compile as a whole, by path. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
}

/** A file that others include is not loaded on its own as well, unless more of it compiles that way. */
function load(sources: readonly RuleSource[], unread: ReadonlyMap<string, string>): Loaded {
  const failed = new Map<string, readonly string[]>([...unread].map(([path, sentence]) => [path, [sentence]]));
  const loaded = new Map<string, FoundFile>();
  const roots = new Set<string>();
  const nameSpace = createNamer();
  const texts: LoadedText[] = [];
  const included = new Set(sources.flatMap((source) => source.included.map(({ path }) => path)));
  for (const source of includersFirst(sources, ({ file }) => included.has(file.path))) {
    const { path } = source.file;
    const before = loaded.has(path) ? (failed.get(path)?.length ?? 0) : Infinity;
    if (before === 0) continue;
    const { text, dropped } = keepCompilable(source.text);
    if (dropped.length >= before) continue;
    failed.delete(path);
    roots.add(path);
    if (text === null) {
      failed.set(
        path,
        dropped.map((error) => sentenceOf(source, error)),
      );
      continue;
    }
    if (dropped.length === 0 || outlineOf(text).rules.length > 0) texts.push({ namespace: nameSpace(source.file), text, source });
    for (const file of [source.file, ...source.included]) loaded.set(file.path, file);
    for (const [where, errors] of byFile(source, dropped))
      if (where === path || !roots.has(where))
        failed.set(
          where,
          errors.map((error) => sentenceOf(source, error)),
        );
  }
  return { texts, loaded: [...loaded.values()], failed };
}

function byFile(source: RuleSource, errors: readonly CompileError[]): Map<string, CompileError[]> {
  const files = new Map<string, CompileError[]>();
  for (const error of errors) {
    const { path } = source.placeOf(error.line);
    files.set(path, [...(files.get(path) ?? []), error]);
  }
  return files;
}

function sentenceOf(source: RuleSource, { line, message }: CompileError): string {
  const place = source.placeOf(line);
  return `${place.path}:${place.line}: ${message}`;
}

function neverMatching(texts: readonly LoadedText[]): string[] {
  return texts.flatMap(({ source, text }) => {
    const lines = linesOf(text);
    return rulesThatNeverMatch(text).map(({ rule: { name, start }, reason }) =>
      sentenceOf(source, { line: lines.at(start), message: `rule ${name} can never match: ${reason}` }),
    );
  });
}

function nameOf(texts: readonly NamedText[], failed: number, total: number): string {
  const hash = createHash("sha256");
  for (const { namespace, text } of texts) hash.update(`${namespace}\0${text}\0`);
  const name = hash.digest("hex").slice(0, 12);
  return failed === 0 ? name : `${name} (${failed} of ${total} rule files do not compile)`;
}

import { dirname, relative, resolve } from "node:path";
import { outlineOf, unquoted, type MetaEntry, type Rule } from "./rule-outline.js";
import { linesOf } from "./lines.js";
import { readText, type FoundFile } from "./rule-files.js";

const VERDICT_WORDS = new Set(["infected", "suspicious"]);

/** Where a line of a source stands in the files that it was made of. */
export interface Place {
  readonly path: string;
  readonly line: number;
}

/** What is wrong with a source and does not keep it from being compiled. */
export interface SourceProblem extends Place {
  readonly message: string;
  /** An include that is left out; otherwise metadata that says nothing. */
  readonly isInclude: boolean;
}

/** The source of a rule file as it is compiled: with what it includes, and its large numbers as text. */
export interface RuleSource {
  readonly file: FoundFile;
  readonly text: string;
  /** The files that it includes, directly or not. */
  readonly included: readonly FoundFile[];
  readonly problems: readonly SourceProblem[];
  /** Where a line of the text, counted from 1, comes from. */
  placeOf(line: number): Place;
}

/** Reads each rule file once, however many include it. */
export type ReadRules = (file: FoundFile) => Promise<{ text: string } | { problem: string }>;

/** Remembers what was read. */
export function createReader(): ReadRules {
  const texts = new Map<string, ReturnType<ReadRules>>();
  return (file) => {
    const text = texts.get(file.path) ?? readText(file);
    texts.set(file.path, text);
    return text;
  };
}

/** Makes the source of a rule file, or says why the file itself cannot be read. */
export async function readSource(
  file: FoundFile,
  files: ReadonlyMap<string, FoundFile>,
  read: ReadRules,
): Promise<RuleSource | { problem: string }> {
  const writer = createWriter();
  const included = new Map<string, FoundFile>();
  const problems: SourceProblem[] = [];

  async function include(name: string, from: Place, chain: readonly FoundFile[]): Promise<void> {
    const path = resolve(dirname(from.path), name);
    const other = files.get(path);
    const refuse = (why: string) =>
      problems.push({ ...from, message: `include ${JSON.stringify(name)}: ${why}`, isInclude: true });
    if (chain.some((one) => one.path === path)) return void refuse("the file includes itself, directly or through others");
    if (other === undefined) return void refuse(whyAbsent(path, file.folder));
    if (included.has(path)) return;
    const text = await read(other);
    if ("problem" in text) return void refuse(`the file ${text.problem}`);
    included.set(path, other);
    await write(other, text.text, [...chain, other]);
  }

  async function write(one: FoundFile, text: string, chain: readonly FoundFile[]): Promise<void> {
    const { includes, rules } = outlineOf(text);
    const lines = linesOf(text);
    const numbers = rules.flatMap(({ meta }) => meta).filter(isChangedByDoubles);
    const edits = [
      ...numbers.map((entry) => ({ ...entry, include: undefined })),
      ...includes.map((statement) => ({ ...statement, text: "", include: statement.name })),
    ].toSorted((a, b) => a.start - b.start);
    let at = 0;
    writer.startFile({ path: one.path, line: 1 });
    for (const edit of edits) {
      writer.write(text.slice(at, edit.start));
      if (edit.include !== undefined) {
        await include(edit.include, { path: one.path, line: lines.at(edit.start) }, chain);
        writer.startFile({ path: one.path, line: lines.at(edit.end) });
      } else writer.write(`"${edit.text}"${text.slice(edit.start, edit.end).replaceAll(/[^\n]/g, "")}`);
      at = edit.end;
    }
    writer.write(text.slice(at));
    for (const rule of rules) {
      for (const entry of unknownVerdicts(rule)) {
        const message = `rule ${rule.name}: ${unknownVerdict(entry.text)}`;
        problems.push({ path: one.path, line: lines.at(entry.start), message, isInclude: false });
      }
    }
  }

  const own = await read(file);
  if ("problem" in own) return own;
  await write(file, own.text, [file]);
  const { text, placeOf } = writer.finish();
  return { file, text, included: [...included.values()], problems, placeOf };
}

function whyAbsent(path: string, folder: string): string {
  const leadsOut = relative(folder, path).startsWith("..");
  return leadsOut ? "it leads out of the rule folder, so it is not read" : "there is no such file in the rule folder";
}

/** Whether a number in metadata would be another, or none, once it is a number of JavaScript. YARA-X fails on such integers. */
function isChangedByDoubles({ kind, text }: MetaEntry): boolean {
  if (kind !== "number") return false;
  if (text.includes(".")) return String(Number(text)) !== text;
  const [, digits = "", unit] = /^-?(.*?)(KB|MB)?$/.exec(text.replaceAll("_", "")) ?? [];
  return !Number.isSafeInteger(Number(digits) * (unit === undefined ? 1 : unit === "KB" ? 1024 : 1024 ** 2));
}

/** Whether a match of the rule changes the verdict of a scan. */
export function statesVerdict({ meta }: Rule): boolean {
  return meta.some((entry) => entry.key === "verdict" && isKnownVerdict(entry));
}

function unknownVerdicts({ meta }: Rule): MetaEntry[] {
  return meta.filter((entry) => entry.key === "verdict" && !isKnownVerdict(entry));
}

function isKnownVerdict({ kind, text }: MetaEntry): boolean {
  return kind === "string" && VERDICT_WORDS.has(unquoted(text));
}

function unknownVerdict(written: string): string {
  return `verdict = ${written} is neither "infected" nor "suspicious", so the rule states no verdict`;
}

/** Puts a source together and remembers where its lines come from. */
function createWriter() {
  const parts: string[] = [];
  const runs: (Place & { readonly from: number })[] = [];
  let line = 1;
  let isLineStart = true;
  const write = (text: string) => {
    if (text === "") return;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) line++;
    isLineStart = text.endsWith("\n");
    parts.push(text);
  };
  return {
    write,
    /** Text that is added next comes from this line. */
    startFile(place: Place) {
      if (!isLineStart) write("\n");
      runs.push({ ...place, from: line });
    },
    finish: () => ({
      text: parts.join(""),
      placeOf(at: number): Place {
        const run = runs.findLast(({ from }) => from <= at) ?? { path: "", line: at, from: at };
        return { path: run.path, line: run.line + at - run.from };
      },
    }),
  };
}

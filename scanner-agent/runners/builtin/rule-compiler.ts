import { Compiler, type Rules } from "@virustotal/yara-x";
import { reasonOf } from "../../contract.js";
import { linesOf, type Lines } from "./lines.js";
import { outlineOf, type Outline, type Rule, type Span } from "./rule-outline.js";

/** Variables that public rules expect. A request never carries a sample's name, so they are empty. */
export const EXTERNAL_VARIABLES = ["filename", "extension", "filepath", "filetype", "owner"] as const;
const MAX_ROUNDS = 100;
/** Larger samples are UNSCANNED: the file and its copy in WebAssembly memory must fit at once. */
export const MAX_SAMPLE = 128 * 1024 * 1024;
/** What is said of them. */
export const TOO_LARGE = `larger than the ${MAX_SAMPLE / 1024 ** 2} MiB that Yara reads`;

/** Rules with their namespace, ready to be compiled. */
export interface NamedText {
  readonly namespace: string;
  readonly text: string;
}

/** Something that does not compile; `line` is one of the text. */
export interface CompileError {
  readonly line: number;
  readonly message: string;
}

/** The text without the rules that do not compile, or null if nothing can be kept. */
export interface Compilable {
  readonly text: string | null;
  /** What was left out, and why. */
  readonly dropped: readonly CompileError[];
  /** What YARA-X warns of in the text that is left. */
  readonly warnings: readonly string[];
}

/** Compiles texts that {@link keepCompilable} has passed. Throws if they do not compile together. */
export function compileAll(texts: Iterable<NamedText>): Rules {
  using compiler = createCompiler();
  for (const { namespace, text } of texts) {
    compiler.newNamespace(namespace);
    compiler.addSource(text);
  }
  return compiler.build();
}

/**
 * Leaves out the rules and imports that do not compile, and so those that depend on them; their lines stay, empty. A text whose
 * global rule does not compile is left out as a whole: without that rule the others would match more than they are meant to.
 */
export function keepCompilable(source: string): Compilable {
  const dropped: CompileError[] = [];
  let text = source;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { errors, warnings } = compile(text);
    if (errors.length === 0) return { text, dropped, warnings };
    const [outline, lines] = [outlineOf(text), linesOf(text)];
    const culprits = errors.map((error) => ({ error, part: partAt(outline, lines, error) }));
    for (const { error, part } of culprits) dropped.push(named(error, part));
    const parts = culprits.flatMap(({ part }) => (part === undefined ? [] : [part]));
    const isGlobal = parts.some((part) => "global" in part && part.global);
    if (parts.length < culprits.length || isGlobal) break;
    text = without(text, parts);
  }
  return { text: null, dropped, warnings: [] };
}

/** Leaves out errors of rules that fail only because they need a rule that is left out. */
export function withoutConsequences(errors: readonly CompileError[]): CompileError[] {
  const left = new Set<string>();
  return errors.filter(({ message }) => {
    const [, name = ""] = /^rule (\w+): /.exec(message) ?? [];
    const [, missing = ""] = /unknown identifier `(\w+)`/.exec(message) ?? [];
    if (name !== "") left.add(name);
    return missing === "" || !left.has(missing) || missing === name;
  });
}

/** A compiler that knows the external variables. */
function createCompiler(): Compiler {
  const compiler = new Compiler();
  for (const name of EXTERNAL_VARIABLES) compiler.defineGlobal(name, "");
  return compiler;
}

/** Where in the text something is; column 0: on the line. */
export interface Located extends CompileError {
  readonly column: number;
}

function compile(text: string): { errors: readonly Located[]; warnings: readonly string[] } {
  const compiler = createCompiler();
  try {
    compiler.addSource(text);
  } catch (error) {
    // After a trap the compiler's state is undefined, and it cannot even be freed.
    if (error instanceof RangeError || (error instanceof Error && error.name === "RuntimeError"))
      return { errors: [{ line: 1, column: 0, message: `the compiler gives up: ${error.message}` }], warnings: [] };
    const errors = compiler.errors.map(located);
    compiler.free();
    return { errors: errors.length > 0 ? errors : [located(reasonOf(error))], warnings: [] };
  }
  const { warnings } = compiler;
  compiler.free();
  return { errors: [], warnings };
}

/** The title of an error or warning of YARA-X, with what it says below the source line that it shows. */
export function located(message: string): Located {
  const title = message.split("\n", 1)[0]?.replace(/^(error|warning)(\[\w+\])?:?\s*/, "") || "does not compile";
  const label = /^\s*\|\s+[\^-]+ (.+)$/m.exec(message)?.[1];
  const [, line = "1", column = "0"] = /-->\s*(?:line:)?(\d+):(\d+)/.exec(message) ?? [];
  return { line: Number(line), column: Number(column), message: label === undefined ? title : `${title}: ${label}` };
}

/** The rule or import that an error is in. */
function partAt({ rules, imports }: Outline, lines: Lines, { line, column }: Located): Rule | Span | undefined {
  if (column === 0) return undefined;
  const start = lines.startOf(line);
  const end = lines.startOf(line + 1);
  const here = [...imports, ...rules].filter((part) => part.start < end && part.end > start);
  const at = start + column - 1;
  return here.find((part) => part.start <= at && at < part.end) ?? here[0];
}

function named({ line, message }: Located, part: Rule | Span | undefined): CompileError {
  return { line, message: part !== undefined && "name" in part && "meta" in part ? `rule ${part.name}: ${message}` : message };
}

function without(text: string, parts: readonly Span[]): string {
  let rest = "";
  let at = 0;
  for (const { start, end } of parts.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    rest += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\n]/g, " ");
    at = end;
  }
  return rest + text.slice(at);
}

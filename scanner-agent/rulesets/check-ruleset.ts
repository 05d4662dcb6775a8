import type { RuleMistake } from "../../schema/rule-job.js";
import { Failed, reasonOf, TimedOut, Unavailable } from "../contract.js";
import { errorsFirst, isError, type CheckedFile, type PlacedRule } from "../runners/builtin/rule-check.js";
import type { NamedText } from "../runners/builtin/rule-compiler.js";
import type { RuleSession } from "../runners/builtin/rule-session.js";

/** Good rules take a fraction of a second, on a busy host too. */
const PROBE_MS = 5_000;
/** The same for all rules of all files at once. */
const PROBE_ALL_MS = 30_000;
/** Files that took too long, or ended the process: with more of them nothing is gained by going on. */
const MOST_BAD_FILES = 5;
/** After this a host is there for other rulesets again. */
const WHOLE_MS = 15 * 60_000;
/** Characters of all files with what they include: files that include a large one again and again would fill the host's memory. */
const MAX_TEXTS = 64 * 1024 ** 2;

/** What a host finds in a ruleset. */
export interface CheckedRuleset {
  readonly rules: number;
  readonly mistakes: readonly RuleMistake[];
  /** How many more mistakes its files have. */
  readonly omitted: number;
}

/** How it is looked at. */
export interface CheckOptions {
  readonly onFile: (done: number, total: number) => void;
  /** How long the rules of a file may take for a quarter of a MiB. */
  readonly probeMs?: number;
  /** How long all files may take. */
  readonly wholeMs?: number;
  /** Characters of all files with what they include. */
  readonly maxTexts?: number;
}

/**
 * Looks at all files of a session; without mistakes all of them are compiled then. Throws Unavailable if this host cannot, or the
 * signal's reason.
 */
export async function checkRuleset(session: RuleSession, signal: AbortSignal, options: CheckOptions): Promise<CheckedRuleset> {
  const { onFile, probeMs = PROBE_MS, wholeMs = WHOLE_MS, maxTexts = MAX_TEXTS } = options;
  const until = performance.now() + wholeMs;
  const covered = new Set<string>();
  const mistakes: RuleMistake[] = [];
  const texts: NamedText[] = [];
  let [rules, badFiles, done, omitted, characters] = [0, 0, 0, 0, 0];
  await session.ready();
  const order = session.order();
  for (const path of order) {
    signal.throwIfAborted();
    if (!covered.has(path)) {
      const why = whyNoMore(badFiles, performance.now() > until, wholeMs);
      if (why !== undefined) {
        mistakes.push(wholeFile(path, `it was not looked at, because ${why}`));
        continue;
      }
      const { checked, isBad } = await checkFile(session, path, probeMs, signal);
      if (isBad) badFiles += 1;
      mistakes.push(...checked.mistakes);
      omitted += checked.omitted;
      rules += checked.rules.length;
      if (checked.text !== null) {
        characters += checked.text.text.length;
        if (characters > maxTexts) {
          mistakes.push(
            wholeFile(path, `with what they include, the files up to this one have more than ${maxTexts / 1024 ** 2} MiB`),
          );
          break;
        }
        texts.push(checked.text);
        // With a mistake in it, a file may be good by itself.
        for (const one of checked.included) covered.add(one);
      } else if (!isBad && !checked.mistakes.some(isError)) mistakes.push(wholeFile(path, "it does not compile here"));
    }
    onFile((done += 1), order.length);
  }
  if (order.length === 0) mistakes.push(wholeFile("", "there is no file of rules: their names end in .yar or .yara"));
  else if (!mistakes.some(isError)) {
    const first = order[0] ?? "";
    const problem = rules === 0 ? "there is no rule in any file" : await tryTogether(session, texts, signal);
    if (problem !== undefined) mistakes.push(wholeFile(first, problem));
  }
  return { rules, mistakes: unique(mistakes), omitted };
}

function whyNoMore(badFiles: number, isLate: boolean, wholeMs: number): string | undefined {
  if (badFiles >= MOST_BAD_FILES) return "too many files before it took too long";
  return isLate ? `the files before it took ${wholeMs / 60_000} minutes` : undefined;
}

/** Compiles all files as they are served, or says what keeps them from that. */
async function tryTogether(session: RuleSession, texts: readonly NamedText[], signal: AbortSignal): Promise<string | undefined> {
  try {
    await session.ready();
    await session.compile(texts);
    await session.probe(PROBE_ALL_MS);
    return undefined;
  } catch (error) {
    if (error instanceof TimedOut)
      return `the rules of all files together take longer than ${PROBE_ALL_MS / 1_000} s for a file of 256 KiB`;
    return `the files do not work together: ${explain(error, signal)}`;
  }
}

interface Looked {
  readonly checked: CheckedFile;
  /** It took too long, or ended the process. */
  readonly isBad: boolean;
}

async function checkFile(session: RuleSession, path: string, probeMs: number, signal: AbortSignal): Promise<Looked> {
  const bad = (mistake: RuleMistake): Looked => ({
    checked: { mistakes: [mistake], omitted: 0, included: [], rules: [], text: null },
    isBad: true,
  });
  await session.ready();
  let checked: CheckedFile;
  try {
    checked = await session.check(path);
  } catch (error) {
    return bad(wholeFile(path, `it does not compile here: ${explain(error, signal)}`));
  }
  if (checked.text === null) return { checked, isBad: false };
  try {
    await session.compile([checked.text]);
    await session.probe(probeMs);
    return { checked, isBad: false };
  } catch (error) {
    if (!(error instanceof TimedOut)) return bad(wholeFile(path, `its rules cannot be run here: ${explain(error, signal)}`));
    const slow = await findSlowRule(session, checked, probeMs, signal);
    const whom = slow === undefined ? "its rules take" : `rule ${slow.name} takes`;
    const message = `${whom} longer than ${error.afterMs / 1_000} s for a file of 256 KiB: every scan would wait for that`;
    return bad({ path: slow?.path ?? path, line: slow?.line ?? null, message, severity: "ERROR" });
  }
}

/** Halves the rules of a file until one is left that takes too long. */
async function findSlowRule(
  session: RuleSession,
  { rules, text }: CheckedFile,
  probeMs: number,
  signal: AbortSignal,
): Promise<PlacedRule | undefined> {
  let suspects = rules;
  while (text !== null && suspects.length > 1) {
    const half = suspects.slice(0, Math.ceil(suspects.length / 2));
    await session.ready();
    const names = half.map(({ name }) => name);
    suspects = (await takesTooLong(session, text, names, probeMs, signal)) ? half : suspects.slice(half.length);
  }
  return suspects[0];
}

async function takesTooLong(
  session: RuleSession,
  text: NamedText,
  only: readonly string[],
  probeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.compile([text], only);
    await session.probe(probeMs);
    return false;
  } catch (error) {
    explain(error, signal);
    return error instanceof TimedOut;
  }
}

/** Only what the rules themselves have done is told of them. */
function explain(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (error instanceof TimedOut || error instanceof Failed || error instanceof Unavailable) return reasonOf(error);
  throw error;
}

function wholeFile(path: string, message: string): RuleMistake {
  return { path, line: null, message, severity: "ERROR" };
}

/** A file that several include has its mistakes once; what keeps the rules from being enabled comes first. */
function unique(mistakes: readonly RuleMistake[]): RuleMistake[] {
  const seen = new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake]));
  return errorsFirst([...seen.values()].toSorted(compare));
}

function compare(a: RuleMistake, b: RuleMistake): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}

import type { RuleMistake } from "../../schema/rule-job.js";
import { Failed, reasonOf, TimedOut, Unavailable } from "../contract.js";
import type { CheckedFile, PlacedRule } from "../runners/builtin/rule-check.js";
import type { NamedText } from "../runners/builtin/rule-compiler.js";
import type { RuleSession } from "../runners/builtin/rule-session.js";

/** Good rules take a fraction of a second, on a busy host too. */
const PROBE_MS = 5_000;
/** Files that took too long, or ended the process: with more of them nothing is gained by going on. */
const MOST_BAD_FILES = 5;

/** What a host finds in a ruleset. */
export interface CheckedRuleset {
  readonly rules: number;
  readonly mistakes: readonly RuleMistake[];
  /** What is compiled together; only of use without mistakes. */
  readonly texts: readonly NamedText[];
}

/** How it is looked at. */
export interface CheckOptions {
  readonly onFile: (done: number, total: number) => void;
  /** How long the rules of a file may take for a quarter of a MiB. */
  readonly probeMs?: number;
}

/** Looks at all files of a session. Throws Unavailable if this host cannot, or the signal's reason. */
export async function checkRuleset(
  session: RuleSession,
  signal: AbortSignal,
  { onFile, probeMs = PROBE_MS }: CheckOptions,
): Promise<CheckedRuleset> {
  const probe: Probe = (text, only) => session.probe(text, only, probeMs);
  const covered = new Set<string>();
  const mistakes: RuleMistake[] = [];
  const texts: NamedText[] = [];
  let [rules, badFiles, done] = [0, 0, 0];
  await session.ready();
  const order = session.order();
  for (const path of order) {
    signal.throwIfAborted();
    if (!covered.has(path)) {
      if (badFiles >= MOST_BAD_FILES) {
        mistakes.push(wholeFile(path, "it was not looked at, because too many files before it took too long"));
        continue;
      }
      const { checked, isBad } = await checkFile(session, probe, path, signal);
      if (isBad) badFiles += 1;
      mistakes.push(...checked.mistakes);
      rules += checked.rules.length;
      if (checked.text !== null) texts.push(checked.text);
      // With a mistake in it, a file may be good by itself.
      if (checked.mistakes.every(({ severity }) => severity === "WARNING")) for (const one of checked.included) covered.add(one);
    }
    onFile((done += 1), order.length);
  }
  if (order.length === 0) mistakes.push(wholeFile("", "there is no file of rules: their names end in .yar or .yara"));
  else if (rules === 0 && !mistakes.some(isError)) mistakes.push(wholeFile(order[0] ?? "", "there is no rule in any file"));
  return { rules, mistakes: unique(mistakes), texts };
}

export function isError({ severity }: RuleMistake): boolean {
  return severity === "ERROR";
}

type Probe = (text: NamedText, only: readonly string[] | null) => Promise<void>;

interface Looked {
  readonly checked: CheckedFile;
  /** It took too long, or ended the process. */
  readonly isBad: boolean;
}

async function checkFile(session: RuleSession, probe: Probe, path: string, signal: AbortSignal): Promise<Looked> {
  const bad = (mistake: RuleMistake): Looked => ({
    checked: { mistakes: [mistake], included: [], rules: [], text: null },
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
    await probe(checked.text, null);
    return { checked, isBad: false };
  } catch (error) {
    if (!(error instanceof TimedOut)) return bad(wholeFile(path, `its rules cannot be run here: ${explain(error, signal)}`));
    const slow = await findSlowRule(session, probe, checked, signal);
    const whom = slow === undefined ? "its rules take" : `rule ${slow.name} takes`;
    const message = `${whom} longer than ${error.afterMs / 1_000} s for a file of 256 KiB: every scan would wait for that`;
    return bad({ path: slow?.path ?? path, line: slow?.line ?? null, message, severity: "ERROR" });
  }
}

/** Halves the rules of a file until one is left that takes too long. */
async function findSlowRule(
  session: RuleSession,
  probe: Probe,
  { rules, text }: CheckedFile,
  signal: AbortSignal,
): Promise<PlacedRule | undefined> {
  let suspects = rules;
  while (text !== null && suspects.length > 1) {
    const half = suspects.slice(0, Math.ceil(suspects.length / 2));
    await session.ready();
    const names = half.map(({ name }) => name);
    suspects = (await takesTooLong(probe(text, names), signal)) ? half : suspects.slice(half.length);
  }
  return suspects[0];
}

async function takesTooLong(probing: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await probing;
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
  return [...seen.values()].toSorted((a, b) => Number(isError(b)) - Number(isError(a)) || compare(a, b));
}

function compare(a: RuleMistake, b: RuleMistake): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}

import { visibleText } from "../schema/visible-text.js";
import type { ResultState } from "../schema/states.js";
import type { EngineResult, FileResult, Report } from "./report.js";

/** What is shown while files are scanned. */
export interface View {
  /** A file is being sent. */
  sending(file: string): void;
  /** A scan as it is now; the first time it was just accepted. */
  progress(file: string, report: Report): void;
  /** Nothing has come of a scan for a while. */
  waiting(file: string, report: Report): void;
  /** The last word on a file. */
  finished(outcome: FileResult): void;
  /** A line that is about no file. */
  notice(line: string): void;
  close(): void;
}

/** What an engine says, in a few words. */
export function describeResult({ state, verdict, signature, error, causeText, suppressed = [] }: EngineResult): string {
  const word = (state === "DONE" ? (verdict ?? "DONE") : state).toLowerCase().replace("_", " ");
  const left = suppressed.map((one) => `suppressed: ${one.signature} (${one.reason})`);
  // What is not done says it in its error.
  const parts = [signature ?? error ?? causeText ?? "", ...(state === "DONE" ? left : [])];
  const more = printable(parts.filter(Boolean).join("; "));
  return more === "" ? word : `${word}  ${more}`;
}

/** States of engines that have ended and said nothing of the whole sample. */
const FAILURES: ReadonlySet<ResultState> = new Set(["CANCELLED", "NO_AGENT", "TIMEOUT", "FAILED", "UNSCANNED"]);

/** A number with its noun, such as "1 file" or "2 files". */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** One line on a finished file. */
export function describeFile({ file, report, error }: FileResult): string {
  if (!report) return `${printable(file)}: ${printable(error ?? "no result")}`;
  const { verdict, detections, done, total, scanId, skipped, results } = report;
  const word = verdict === "INCONCLUSIVE" ? printable(report.proof.text) : (verdict ?? "NO VERDICT");
  const old = results.filter(({ stale }) => stale).map(describeAge);
  const stale = old.length > 0 ? `; old signatures: ${old.join(", ")}` : "";
  const left = skipped.length > 0 ? `; left out: ${skipped.map(describeSkip).join(", ")}` : "";
  const failed = results.filter(({ state }) => FAILURES.has(state)).length;
  const ended = failed === 0 ? `${done} done` : `${done - failed} done, ${failed} did not finish`;
  const broken = error === undefined ? "" : `; not seen to its end: ${printable(error)}`;
  return `${printable(file)}: ${word} (${detections} of ${countOf(total, "engine")} ${total === 1 ? "detects" : "detect"} it, ${ended}; scan ${scanId}${stale}${left}${broken})`;
}

function describeAge({ engine, versions: { signatureDate } }: EngineResult): string {
  return `${engine} (of ${signatureDate?.slice(0, 10)})`;
}

/** Whom a scan waits for, and how long at most. */
export function describeWait({ results, deadline }: Report): string {
  const open = results
    .filter(({ state }) => state === "QUEUED" || state === "SCANNING")
    .map(({ engine, fault }) => (fault ? `${engine} (it works on no agent that has it: ${printable(fault)})` : engine));
  const end = new Date(deadline);
  const day = end.toDateString() === new Date().toDateString() ? "" : `${end.toLocaleDateString()} `;
  const until = `${day}${end.toTimeString().slice(0, 8)}`;
  return `waits for ${open.join(", ")} until ${until} at the latest`;
}

function describeSkip({ engine, reason }: Report["skipped"][number]): string {
  return `${engine} (${reason.toLowerCase().replaceAll("_", " ")})`;
}

/** Names, signatures and errors come from outside: what a terminal would act upon or hide is shown by its number, on one line. */
export function printable(text: string): string {
  return visibleText(text).replace(/[\t\n\r]/g, (character) => `<U+000${character.charCodeAt(0).toString(16).toUpperCase()}>`);
}

/** What to do about files, said once for all that it is true of. */
export function describeAdvice(outcomes: readonly FileResult[]): string[] {
  const advice = outcomes.flatMap(({ report }) => (report?.proof.advice ? [{ ...report, advice: report.proof.advice }] : []));
  return [...new Set(advice.map(({ verdict, advice }) => `${verdict}: ${advice}`))].map(printable);
}

/** How many files there were, and how they came out. */
export function describeCount(outcomes: readonly FileResult[], passedOver: number): string {
  const counts = new Map<string, number>();
  for (const { report, error } of outcomes) {
    const word = error === undefined ? (report?.verdict ?? "NO VERDICT") : "not scanned";
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${count} ${printable(word)}`).join(", ");
  const what =
    passedOver === 1
      ? "1 link to a folder or to nothing, pipe, socket or device was"
      : `${passedOver} links to folders or to nothing, pipes, sockets or devices were`;
  const rest = passedOver === 0 ? "" : `; ${what} passed over`;
  return `${countOf(outcomes.length, "file")}: ${parts || "nothing was scanned"}${rest}`;
}

/** Plain lines, for what is not a terminal. `total` is the number of files where the user has not counted them. */
export function createPlainView(write: (line: string) => void, total?: number): View {
  const shown = new Map<string, Set<string>>();
  const waits = new Map<string, string>();
  let count = 0;
  return {
    sending: () => {},
    progress(file, { scanId, results, total }) {
      const before = shown.get(file);
      const engines = before ?? new Set<string>();
      if (!before) write(`${printable(file)}: scan ${scanId}, ${countOf(total, "engine")}`);
      shown.set(file, engines);
      for (const result of results) {
        if (result.state === "QUEUED" || result.state === "SCANNING" || engines.has(result.engine)) continue;
        engines.add(result.engine);
        write(`${printable(file)}: ${result.engine} ${describeResult(result)}`);
      }
    },
    waiting(file, report) {
      const line = `${printable(file)}: ${describeWait(report)}`;
      if (waits.get(file) !== line) write(line);
      waits.set(file, line);
    },
    finished(outcome) {
      write(`${total === undefined ? "" : `${++count} of ${total}  `}${describeFile(outcome)}`);
    },
    notice: write,
    close: () => {},
  };
}

/** Nothing while it goes on; the caller prints one document at the end. */
export function createSilentView(notice: (line: string) => void): View {
  return { sending: () => {}, progress: () => {}, waiting: () => {}, finished: () => {}, notice, close: () => {} };
}

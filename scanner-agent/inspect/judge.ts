import { MAX_CLOSED, type Closed, type Opens } from "../../schema/closed.js";
import type { ResultCause } from "../../schema/states.js";
import { notDone, type Outcome } from "../contract.js";
import type { Inspection } from "./formats/inspection.js";

/** An engine, as far as its manifest says what it opens. */
export interface EngineOpens {
  readonly name: string;
  readonly opens?: Opens | undefined;
}

/** An engine's outcome, judged. */
export interface Judged {
  readonly outcome: Outcome;
  /** What is closed to the engine. */
  readonly closed: Closed[];
}

/** The first cause in this list that applies names the result's cause. */
const CAUSES: readonly (readonly [Closed["state"], ResultCause])[] = [
  ["ENCRYPTED", "ENCRYPTED"],
  ["DAMAGED", "DAMAGED"],
  ["UNSUPPORTED", "UNSUPPORTED_TYPE"],
  ["LIMIT", "TOO_LARGE"],
];

/** Whether parts closed to the engine matter to its outcome: a detection stands in any case. */
export function needsInspection({ state, verdict }: Outcome): boolean {
  return state === "UNSCANNED" || (state === "DONE" && (verdict === "CLEAN" || verdict === null));
}

/**
 * Turns CLEAN into UNSCANNED, with the cause, for a sample with parts closed to the engine. What the engine says itself stays first. An
 * engine that claims nothing, such as Yara without a match, stays DONE; the cause says what it did not look into.
 */
export function judge(outcome: Outcome, inspection: Inspection, engine: EngineOpens): Judged {
  if (!needsInspection(outcome)) return { outcome, closed: [] };
  const closed = closedTo(engine, inspection);
  const [, cause] = CAUSES.find(([state]) => closed.some((fact) => fact.state === state)) ?? [];
  if (cause === undefined) return { outcome, closed };
  if (outcome.state === "DONE" && outcome.verdict === null) return { outcome: { ...outcome, cause }, closed };
  const reason = reasonOf(closed, engine);
  if (outcome.state === "UNSCANNED") return { outcome: { ...outcome, error: `${outcome.error}; ${reason}` }, closed };
  return { outcome: unscanned(outcome, cause, reason), closed };
}

/** The same where the inspection failed. */
export function judgeUninspected(outcome: Outcome, reason: string): Outcome {
  const isClean = outcome.state === "DONE" && outcome.verdict === "CLEAN";
  return isClean ? unscanned(outcome, "NOT_INSPECTED", `not inspected: ${reason}`) : outcome;
}

function unscanned({ details, versions }: Outcome, cause: ResultCause, reason: string): Outcome {
  return { ...notDone("UNSCANNED", cause, reason, details), ...(versions === undefined ? {} : { versions }) };
}

/** Without `opens` an engine is taken to open whatever any engine can open. */
function closedTo({ opens }: EngineOpens, inspection: Inspection): Closed[] {
  const { closed, packings } = inspection;
  const certain = closed.filter(({ state }) => state === "ENCRYPTED" || state === "DAMAGED");
  if (opens === undefined) return certain;
  const unopened = packings.flatMap(({ path, format, methods }): Closed[] => {
    const opened = opens.formats[format] ?? [];
    if (opened === "all" || (opened.length > 0 && methods.every((method) => opened.includes(method)))) return [];
    return [{ path, format, method: methods.join(" ") || null, state: "UNSUPPORTED" }];
  });
  return [...certain, ...unopened, ...beyond(opens.limits, inspection)].slice(0, MAX_CLOSED);
}

function beyond(limits: Opens["limits"], { closed, depth, files, unpacked, isStopped }: Inspection): Closed[] {
  const { depth: deepest, files: most, unpacked: largest } = limits;
  if (deepest === undefined && most === undefined && largest === undefined) return [];
  const isBeyond = isStopped || depth > (deepest ?? Infinity) || files > (most ?? Infinity) || unpacked > (largest ?? Infinity);
  if (!isBeyond) return [];
  const told = closed.filter(({ state }) => state === "LIMIT");
  return told.length > 0 ? told : [{ path: "", format: "", method: null, state: "LIMIT" }];
}

function reasonOf(closed: readonly Closed[], { name }: EngineOpens): string {
  const words: Readonly<Record<Closed["state"], string>> = {
    ENCRYPTED: "encrypted",
    DAMAGED: "damaged",
    UNSUPPORTED: `not opened by ${name}`,
    LIMIT: `over a limit of ${name}`,
  };
  const parts = CAUSES.flatMap(([state]) => {
    const facts = closed.filter((fact) => fact.state === state);
    const [first] = facts;
    if (first === undefined) return [];
    const more = facts.length > 1 ? ` and ${facts.length - 1} more` : "";
    return [`${words[state]}${factText(first)}${more}`];
  });
  return parts.join("; ");
}

function factText({ path, format, method }: Closed): string {
  const how = [format, method].filter(Boolean).join(", ");
  return [path === "" ? "" : `: ${path}`, how === "" ? "" : ` (${how})`].join("");
}

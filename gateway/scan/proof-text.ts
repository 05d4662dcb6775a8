/** Explains in a sentence why a scan has its verdict, or what it waits for. All of this wording is here. */

import type { Barrier, ListedResult, ResultRecord, ScanRecord } from "../../schema/reports.js";
import { isFinal, type ResultCause, type ResultState } from "../../schema/states.js";

/** The parts of a scan that the sentence depends on. */
export type ProvenScan = Pick<ScanRecord, "verdict" | "endDate">;

/** A result, with the agent that runs the engine if that was read. */
export type ProvenResult = Omit<ListedResult, "details"> & { readonly agent?: string | null };

/** What went wrong, by the cause of a result that is UNSCANNED, FAILED or TIMEOUT. */
const CAUSES: Readonly<Record<ResultCause, string>> = {
  CRASHED_REPEATEDLY: "crashed on it again and again",
  ENGINE_ERROR: "failed",
  UNPARSABLE_OUTPUT: "gave an answer that is not understood",
  TIME_LIMIT: "took too long",
  RATE_LIMITED: "was refused by the service that it asks",
  SAMPLE_UNAVAILABLE: "was not given the sample",
  TOO_LARGE: "could not scan what is over its limits",
  ENCRYPTED: "could not look into what is encrypted",
  UNSUPPORTED_TYPE: "could not look into what it does not open",
  DAMAGED: "could not look into what is damaged",
  NOT_INSPECTED: "found nothing, but it is not known whether it saw everything",
  AGENT_TOO_OLD: "found nothing, but its agent is too old to tell whether it saw everything",
  SUPPRESSED: "found what is suppressed, and does not tell whether there is more",
};
const STATES: Readonly<Record<ResultState, string>> = {
  QUEUED: "has not started",
  SCANNING: "has not finished",
  CANCELLED: "was cancelled",
  NO_AGENT: "had no agent that could run it",
  TIMEOUT: "did not answer in time",
  FAILED: "failed",
  UNSCANNED: "could not scan all of it",
  DONE: "gave no verdict",
};
/** What the engine has not seen, by the cause of a DONE result. */
const UNSEEN: Readonly<Partial<Record<ResultCause, string>>> = {
  ENCRYPTED: "looked at the file itself, not into it: it is encrypted",
  UNSUPPORTED_TYPE: "looked at the file itself, not into what is packed in it",
  DAMAGED: "looked at the file itself, not into it: it is damaged",
};
const LEFT_OUT = "was left out because it is broken";
const NO_ANTIVIRUS = "no antivirus engine took part, so nobody knows whether it is harmful";
/** How many engines a sentence names; it counts the others. */
const NAMED = 5;
/** How many characters of an engine's own message are quoted. */
const QUOTED = 200;

/** The meaning of a result's cause as a phrase about its engine; null if it has no cause. */
export function causeText({ state, cause }: Pick<ResultRecord, "state" | "cause">): string | null {
  return cause && ((state === "DONE" && UNSEEN[cause]) || CAUSES[cause]);
}

/** Why an engine prevents CLEAN, e.g. `ClamAV could not look into what is encrypted (encrypted: a.docx in b.zip)`. */
export function barrierText({ engine, state, cause, error }: Omit<Barrier, "text">): string {
  const what = state === null ? LEFT_OUT : ((cause && CAUSES[cause]) ?? STATES[state]);
  return error ? `${engine} ${what} (${cut(error)})` : `${engine} ${what}`;
}

/** Why a scan has its verdict, e.g. `CLEAN: all 4 antivirus engines scanned the whole sample and found nothing`. */
export function proofText(
  { verdict, endDate }: ProvenScan,
  results: readonly ProvenResult[],
  barriers: readonly Pick<Barrier, "text">[],
): string {
  const antivirus = results.filter(({ type }) => type === "AV");
  const open = endDate === null ? results.filter(({ state }) => !isFinal(state)) : [];
  const waiting = open.length > 0 ? `still waiting for ${enumerate(open.map(waitingText))}` : "";
  const barring = joined(...firstFew(barriers.map(({ text }) => text)));
  switch (verdict) {
    case "INFECTED":
    case "SUSPICIOUS":
      return `${verdict}: ${joined(detectionText(results, antivirus), waiting)}`;
    case "CLEAN":
      return `CLEAN: ${scannedText(antivirus)} the whole sample and found nothing`;
    case "INCONCLUSIVE":
      return `INCONCLUSIVE: ${barring || doubt(antivirus, results)}`;
    case null:
      return `No verdict yet: ${joined(waiting || "the scan is about to end", barring && `it cannot be CLEAN: ${barring}`)}`;
  }
}

function doubt(antivirus: readonly ProvenResult[], results: readonly ProvenResult[]): string {
  if (antivirus.length > 0) return "not every antivirus engine scanned the whole sample";
  const unseen = results.filter(({ state, cause }) => cause === "ENCRYPTED" || (state === "DONE" && cause !== null));
  return joined(...firstFew(unseen.map((result) => unseenText(result))), NO_ANTIVIRUS);
}

function unseenText(result: ProvenResult): string {
  return result.state === "DONE" ? `${result.engine} ${causeText(result)}` : barrierText(result);
}

function scannedText(antivirus: readonly ProvenResult[]): string {
  const [only] = antivirus;
  if (antivirus.length === 1 && only) return `${only.engine}, the only antivirus engine asked, scanned`;
  return antivirus.length === 2 ? "both antivirus engines scanned" : `all ${antivirus.length} antivirus engines scanned`;
}

function detectionText(results: readonly ProvenResult[], antivirus: readonly ProvenResult[]): string {
  const detecting = results.filter(({ verdict }) => verdict === "INFECTED" || verdict === "SUSPICIOUS");
  const others = detecting.filter(({ type }) => type !== "AV");
  const found = detecting.filter(({ type }) => type === "AV");
  const byAntivirus = `${found.length} of ${antivirus.length} antivirus engines found ${enumerate(found.map(findingText))}`;
  return joined(
    antivirus.length === 1 && found[0] ? whoFound(found[0]) : found.length > 0 ? byAntivirus : "",
    ...firstFew(others.map(whoFound)),
  );
}

function findingText({ engine, signature }: ProvenResult): string {
  return signature === null ? `something (${engine})` : `${cut(signature)} (${engine})`;
}

function whoFound({ engine, signature, verdict }: ProvenResult): string {
  return signature === null ? `${engine} says ${verdict}` : `${engine} found ${cut(signature)}`;
}

function waitingText({ engine, state, agent, fault }: ProvenResult): string {
  const how = state === "QUEUED" ? "queued" : agent ? `scanning on ${agent}` : "scanning";
  return fault === null ? `${engine} (${how})` : `${engine} (${how}; it works on no agent that has it: ${cut(fault)})`;
}

/** The first few, and the number of the others. */
function firstFew(parts: readonly string[]): readonly string[] {
  const more = parts.length - NAMED;
  return more > 0 ? [...parts.slice(0, NAMED), `${more} more`] : parts;
}

function enumerate(parts: readonly string[]): string {
  const few = firstFew(parts);
  const [last] = few.slice(-1);
  return few.length < 2 ? (last ?? "") : `${few.slice(0, -1).join(", ")} and ${last}`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter(Boolean).join("; ");
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length > QUOTED ? `${characters.slice(0, QUOTED - 1).join("")}…` : text;
}

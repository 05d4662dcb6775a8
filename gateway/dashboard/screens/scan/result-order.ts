import type { ReportedResult } from "./reported-result.ts";

const VERDICTS = ["INFECTED", "SUSPICIOUS"];
const STATES = ["SCANNING", "QUEUED", "FAILED", "TIMEOUT", "NO_AGENT", "UNSCANNED", "CANCELLED"];

/** What was found first, then what is open or did not work, then what is clean, then what says nothing. */
export function byWeight(one: ReportedResult, other: ReportedResult): number {
  return weight(one) - weight(other) || one.engine.localeCompare(other.engine);
}

function weight({ state, verdict }: ReportedResult): number {
  const found = VERDICTS.indexOf(verdict ?? "");
  if (found >= 0) return found;
  const open = STATES.indexOf(state);
  if (open >= 0) return VERDICTS.length + open;
  return VERDICTS.length + STATES.length + (verdict === "CLEAN" ? 0 : 1);
}

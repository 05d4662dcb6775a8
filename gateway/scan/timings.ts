import type { ResultTimings } from "../../schema/graphql/result-timings.js";
import type { BriefResult } from "../../schema/reports.js";

/**
 * How the time of a result was spent; `accepted` is when its scan was accepted. A copied result has no waiting time, since it was waited
 * for in another scan.
 */
export function timingsOf(result: BriefResult, accepted: Date | undefined): ResultTimings {
  const { fetchingMs, startingMs, durationMs, startedAt, endedAt, reusedFrom } = result;
  const scanningMs = durationMs === null || startingMs === null ? null : Math.max(0, durationMs - startingMs);
  const isKnown = endedAt !== null && startedAt !== null && accepted !== undefined && reusedFrom === null;
  const elapsed = isKnown ? endedAt.getTime() - accepted.getTime() : null;
  // The agent's durations fall within that time, even if its clock shows another date.
  const waitingMs = elapsed === null ? null : Math.max(0, elapsed - (fetchingMs ?? 0) - (durationMs ?? 0));
  return { waitingMs, fetchingMs, startingMs, scanningMs };
}

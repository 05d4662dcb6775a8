import type { ResultTimings } from "../../schema/graphql/result-timings.js";
import type { BriefResult } from "../../schema/reports.js";

/** Where the time of a result went; `accepted`: when its scan was. A copied result was waited for in another scan. */
export function timingsOf(result: BriefResult, accepted: Date | undefined): ResultTimings {
  const { fetchingMs, startingMs, durationMs, startedAt, endedAt, reusedFrom } = result;
  const scanningMs = durationMs === null || startingMs === null ? null : Math.max(0, durationMs - startingMs);
  const isKnown = endedAt !== null && startedAt !== null && accepted !== undefined && reusedFrom === null;
  const elapsed = isKnown ? endedAt.getTime() - accepted.getTime() : null;
  // What the agent measured took place within that time, whatever its clock says of the date.
  const waitingMs = elapsed === null ? null : Math.max(0, elapsed - (fetchingMs ?? 0) - (durationMs ?? 0));
  return { waitingMs, fetchingMs, startingMs, scanningMs };
}

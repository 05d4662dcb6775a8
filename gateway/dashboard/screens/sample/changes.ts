/** What two scans of a sample say differently. */

import type { TimelineScanFragment } from "../../generated/sample.ts";

type Result = TimelineScanFragment["results"][number];

export interface Change {
  readonly engine: string;
  /** Undefined: it was not asked. */
  readonly before: Result | undefined;
  readonly after: Result | undefined;
}

/** The engines that answered otherwise in the later scan, or that only one of the two asked. New versions alone change nothing. */
export function changesBetween(earlier: readonly Result[], later: readonly Result[]): readonly Change[] {
  const before = new Map(earlier.map((result) => [result.engine, result]));
  const after = new Map(later.map((result) => [result.engine, result]));
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((engine) => ({ engine, before: before.get(engine), after: after.get(engine) }))
    .filter((change) => answerOf(change.before) !== answerOf(change.after));
}

function answerOf(result: Result | undefined): string {
  return result === undefined ? "" : JSON.stringify([result.state, result.verdict, result.signature]);
}

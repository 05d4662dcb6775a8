/** Signatures whose detections do not count, because an operator knows that they are wrong. */

import { createHash } from "node:crypto";

/** A signature that an engine found and that is suppressed. */
export interface Suppressed {
  readonly signature: string;
  /** Why, as the operator said. */
  readonly reason: string;
}

/** Limits on what is suppressed. */
export const SUPPRESSION_LIMITS = { signature: 1_024, reason: 500, live: 10_000 } as const;

/** A signature's name without the suffix that ClamAV adds to unofficial ones. */
export function bareSignature(name: string): string {
  return name.replace(/\.UNOFFICIAL$/, "");
}

/**
 * Names that ClamAV accepts in a list of signatures to ignore: a colon would end the name, and ClamAV would then refuse to load anything.
 */
const IGNORABLE = /^[!-9;-~]{1,256}$/;

/** The signatures among these that an engine can be told to ignore, without duplicates and sorted. */
export function ignorable(signatures: readonly string[]): readonly string[] {
  return [...new Set(signatures.filter((name) => IGNORABLE.test(name)))].toSorted();
}

/** A hash of the signatures that an engine ignores. */
export function ignoredRevision(signatures: readonly string[]): string {
  return createHash("sha256").update(signatures.join("\n")).digest("hex");
}

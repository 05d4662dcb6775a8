import { done, notDone, type Outcome, type RawOutput } from "../contract.js";

/** Alerts that say that clamd did not look at all of it, and what that means. */
const INCOMPLETE: readonly (readonly [RegExp, string])[] = [
  [/^Heuristics\.Limits\.Exceeded/, "over a limit of ClamAV"],
  [/^Heuristics\.Encrypted/, "encrypted"],
];

/**
 * Reads clamd's reply to one `zINSTREAM`: `stream: OK`, `stream: <signature> FOUND` or `<reason> ERROR`, ended by NUL.
 * Clean is exactly a complete OK; whatever is not known is FAILED.
 */
export function parseClamd({ stdout }: RawOutput): Outcome {
  if (stdout === "stream: OK\0") return done("CLEAN", null, null);
  const signature = /^stream: ([^\0\n]+) FOUND\0$/.exec(stdout)?.[1];
  if (signature !== undefined) return found(signature);
  const error = /^(?:stream: )?([^\0\n]+) ERROR\0$/.exec(stdout)?.[1];
  if (error !== undefined) return notDone("FAILED", error);
  return notDone("FAILED", `clamd's reply is not known: ${JSON.stringify(stdout.slice(0, 200))}`);
}

function found(signature: string): Outcome {
  const meaning = INCOMPLETE.find(([pattern]) => pattern.test(signature))?.[1];
  return meaning === undefined ? done("INFECTED", signature, null) : notDone("UNSCANNED", `${meaning} (${signature})`);
}

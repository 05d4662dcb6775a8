import type { ResultCause } from "../../schema/states.js";
import { done, notDone, type Outcome, type RawOutput } from "../contract.js";
import { signatureName } from "./signature.js";

/** Alerts that mean that clamd did not scan all of the sample. */
const INCOMPLETE: readonly (readonly [RegExp, ResultCause, string])[] = [
  [/^Heuristics\.Limits\.Exceeded/, "TOO_LARGE", "over a limit of ClamAV"],
  [/^Heuristics\.Encrypted/, "ENCRYPTED", "encrypted"],
];

/**
 * Reads clamd's reply to one `zINSTREAM`: `stream: OK`, `stream: <signature> FOUND` or `<reason> ERROR`, ended by NUL.
 * Only a complete OK is clean; every other reply is FAILED.
 */
export function parseClamd({ stdout }: RawOutput): Outcome {
  if (stdout === "stream: OK\0") return done("CLEAN", null, null);
  const [hit, signature] = /^stream:(?: ([^\0\n]*))? FOUND\0$/.exec(stdout) ?? [];
  if (hit !== undefined) return found(signature ?? "");
  const error = /^(?:stream: )?([^\0\n]+) ERROR\0$/.exec(stdout)?.[1];
  if (error !== undefined) return notDone("FAILED", "ENGINE_ERROR", error);
  return notDone("FAILED", "UNPARSABLE_OUTPUT", `clamd gave an unknown reply: ${JSON.stringify(stdout.slice(0, 200))}`);
}

function found(signature: string): Outcome {
  const [, cause, meaning] = INCOMPLETE.find(([pattern]) => pattern.test(signature)) ?? [];
  return cause === undefined
    ? done("INFECTED", signatureName(signature), null)
    : notDone("UNSCANNED", cause, `${meaning} (${signature})`);
}

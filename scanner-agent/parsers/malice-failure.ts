import { notDone, type Outcome } from "../contract.js";

const TIMED_OUT = /\btimed out\b|deadline exceeded/i;
const UNSUPPORTED = /PEFormatError|DOS Header magic not found|not a PE\b|supports the following formats|unsupported file type/i;
const RATE_LIMIT = /queries per minute|rate limit|quota/i;

/** Tells apart why a plugin gave up, by its own words. */
export function gaveUp(reason: string, details: Outcome["details"] = null): Outcome {
  if (TIMED_OUT.test(reason)) return notDone("TIMEOUT", "TIME_LIMIT", reason, details);
  if (UNSUPPORTED.test(reason)) return notDone("UNSCANNED", "UNSUPPORTED_TYPE", `unsupported type: ${reason}`, details);
  if (RATE_LIMIT.test(reason)) return notDone("FAILED", "RATE_LIMITED", `rate limit: ${reason}`, details);
  return notDone("FAILED", "ENGINE_ERROR", reason, details);
}

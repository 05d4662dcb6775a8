import type { Outcome, RawOutput } from "../contract.js";

/** Says of an outcome without a result that the engine reached a limit, which the operator can raise. */
export function nameLimit(outcome: Outcome, { limit }: RawOutput): Outcome {
  if (limit === undefined || outcome.state === "DONE") return outcome;
  return { ...outcome, error: outcome.error === null ? limit : `${limit}: ${outcome.error}` };
}

import { notDone, type Outcome, type Parser, type RawOutput } from "../contract.js";

/** Reads an engine's output. If the engine answered before it was sent the whole sample, only a detection counts. */
export function parseWhole(parse: Parser, raw: RawOutput): Outcome {
  const outcome = parse(raw);
  if (raw.isEarly !== true || outcome.state !== "DONE" || outcome.verdict === "INFECTED" || outcome.verdict === "SUSPICIOUS")
    return outcome;
  return notDone("FAILED", "ENGINE_ERROR", "it answered before it had been sent the whole sample", outcome.details);
}

import { z } from "zod";
import { notDone, type Outcome, type RawOutput } from "../contract.js";
import { lastLine } from "./last-line.js";

const SHOWN = 200;

/** Reads an engine's standard output as JSON of a known shape; `failure` is the outcome if it is none. */
export function readJson<T extends z.ZodType>(raw: RawOutput, shape: T): { value: z.infer<T> } | { failure: Outcome } {
  const { exitCode, stdout } = raw;
  if (exitCode !== 0) return { failure: notDone("FAILED", "ENGINE_ERROR", `exit status ${exitCode}: ${lastLine(raw)}`) };
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch (error) {
    if (error instanceof SyntaxError) return unparsable(`its output is not JSON: ${JSON.stringify(stdout.slice(0, SHOWN))}`);
    throw error;
  }
  const parsed = shape.safeParse(json);
  return parsed.success ? { value: parsed.data } : unparsable(`its output has another shape: ${z.prettifyError(parsed.error)}`);
}

function unparsable(error: string): { failure: Outcome } {
  return { failure: notDone("FAILED", "UNPARSABLE_OUTPUT", error) };
}

import { z } from "zod";
import type { RawOutput } from "../contract.js";

/** Reads an engine's standard output as JSON of a known shape, or says in one sentence why it is not. */
export function readJson<T extends z.ZodType>(raw: RawOutput, shape: T): { value: z.infer<T> } | { problem: string } {
  if (raw.exitCode !== 0) return { problem: `exit status ${raw.exitCode}: ${lastLine(raw)}` };
  let json: unknown;
  try {
    json = JSON.parse(raw.stdout);
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `its output is not JSON: ${JSON.stringify(raw.stdout.slice(0, 200))}` };
    throw error;
  }
  const parsed = shape.safeParse(json);
  return parsed.success ? { value: parsed.data } : { problem: `its output has another shape: ${z.prettifyError(parsed.error)}` };
}

function lastLine({ stdout, stderr }: RawOutput): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return lines.at(-1)?.slice(0, 300) || "no output";
}

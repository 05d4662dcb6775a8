import type { RawOutput } from "../contract.js";

const LONGEST = 300;

/** What an engine that failed said last: on standard error, else on standard output. */
export function lastLine({ stdout, stderr }: RawOutput): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return lines.at(-1)?.trim().slice(0, LONGEST) || "no output";
}

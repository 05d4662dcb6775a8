import type { GuardedProcess } from "../process/guard.js";

const FIRST_LINES = 100;
const LAST_LINES = 8;
const LONGEST_LINE = 4_096;
const LONGEST_WORDS = 500;

/** What a daemon prints. */
export interface DaemonOutput {
  /** Resolves with its last words when it has ended: its errors, else its last line, else its exit status. */
  readonly ended: Promise<string>;
  /** Its first lines. */
  first(): readonly string[];
}

/** Reads what a daemon prints from now on; `rename` is applied to each line. */
export function readOutput({ process: child }: GuardedProcess, rename: (line: string) => string): DaemonOutput {
  const first: string[] = [];
  const last: string[] = [];
  const onLine = (line: string) => {
    if (first.length < FIRST_LINES) first.push(line);
    last.push(line);
    last.splice(0, last.length - LAST_LINES);
  };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      // Not by readline: it keeps a line of any length, and hostile samples decide what is printed.
      const lines = (rest + text).split("\n");
      rest = lines.pop()?.slice(0, LONGEST_LINE) ?? "";
      for (const line of lines) if (line.trim() !== "") onLine(rename(line.slice(0, LONGEST_LINE)));
    });
    stream?.on("end", () => rest.trim() !== "" && onLine(rename(rest)));
  }
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(errorsOf(last) || last.at(-1)?.slice(0, LONGEST_WORDS) || `exit status ${code}`));
  });

  return { ended, first: () => first };
}

function errorsOf(lines: readonly string[]): string {
  return lines
    .filter((line) => /error/i.test(line))
    .join("; ")
    .slice(0, LONGEST_WORDS);
}

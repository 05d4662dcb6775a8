/** The log files of the mesh's parts. Parts write to them directly, so that nothing is lost when their parent ends first. */

import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

const ROTATE_AT = 10 * 1024 * 1024;
const TAIL = 64 * 1024;

/** A log file, open for appending until a process has been given its descriptor. */
export interface Log {
  readonly file: string;
  readonly fd: number;
  /** Closes the descriptor here; the process that has it writes on. */
  close(): void;
  /** The line that tells best what went wrong since the log was opened; "" if there is none. */
  lastError(): string;
}

/** Opens a log; one that has grown large is kept as `<file>.1` and started anew. */
export function openLog(file: string): Log {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_AT) renameSync(file, `${file}.1`);
  const fd = openSync(file, "a", 0o600);
  const start = fstatSync(fd).size;
  return { file, fd, close: () => closeSync(fd), lastError: () => pickError(linesSince(file, start)) };
}

function linesSince(file: string, start: number): string[] {
  const fd = openSync(file, "r");
  try {
    const end = fstatSync(fd).size;
    const from = Math.max(start, end - TAIL);
    const bytes = Buffer.alloc(Math.max(0, end - from));
    readSync(fd, bytes, 0, bytes.length, from);
    return bytes
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
  } finally {
    closeSync(fd);
  }
}

/** Of a log's lines the last error, else the last line; a JSON line's own text. */
export function pickError(lines: readonly string[]): string {
  const entries = lines.map(readLine);
  return (entries.findLast((line) => line.isError) ?? entries.at(-1))?.text ?? "";
}

function readLine(line: string): { text: string; isError: boolean } {
  if (!line.startsWith("{")) {
    const isError = /\b(FATAL|PANIC|ERROR)\b|\[(FTL|ERR)\]|^\w*Error\b|^nats-server: /.test(line);
    return { text: line.replace(/^.*?((FATAL|PANIC|ERROR):|\[(FTL|ERR)\])\s*/, "").trim(), isError };
  }
  try {
    const json = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } };
    return {
      text: [json.msg, json.err?.message].filter((part) => part !== undefined).join(": "),
      isError: (json.level ?? 0) >= 50,
    };
  } catch (error) {
    // Cut off in the middle: shown as it is.
    if (error instanceof SyntaxError) return { text: line, isError: false };
    throw error;
  }
}

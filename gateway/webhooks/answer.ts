import { storableText } from "../../schema/storable.js";

const LONGEST_LINE = 500;
/** The longest that a receiver can postpone a delivery. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** The delay of a `Retry-After` header, given in seconds or as a date, in milliseconds; undefined if it is missing or unreadable. */
export function readRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

/** An error as one readable line. If a connection was tried at several addresses, it lists the error of each. */
export function lineOf(error: unknown): string {
  const messages = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
  const line = [...new Set(messages)]
    .join("; ")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return storableText(line, LONGEST_LINE) || "the request failed";
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}

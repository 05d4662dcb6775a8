import { OperatorError } from "../schema/operator-error.js";

const DAY_MS = 86_400_000;

/** What `--expires` takes. */
export const TIME_FORMATS = "days (90d), hours (12h), a date (2030-01-31) or a time (2030-01-31T12:00Z)";

/** Reads the value of `--expires`. */
export function parseExpiry(text: string): Date {
  const [, count, unit] = /^([1-9]\d{0,4})([dh])$/.exec(text) ?? [];
  // Date accepts other texts, too, and makes surprising times of them.
  const written = /^\d{4}-\d\d-\d\d/.test(text) ? text : NaN;
  const instant = new Date(unit === undefined ? written : Date.now() + Number(count) * (unit === "d" ? DAY_MS : DAY_MS / 24));
  if (Number.isNaN(instant.getTime())) throw new OperatorError(`--expires: ${text} is none of ${TIME_FORMATS}.`);
  return instant;
}

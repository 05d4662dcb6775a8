/** What the parts of a mesh log in a test: shown if the test fails, or at once where TEST_LOG names a level. */

import { pino, type Logger } from "pino";

export const TEST_LOG = process.env["TEST_LOG"];

const kept: string[] = [];

export function keepLogged(text: string): void {
  kept.push(text);
}

/** What was kept since it was taken last. */
export function takeLogged(): string {
  return kept.splice(0).join("");
}

/** A log for a part in this process. */
export function testLog(name: string): Logger {
  if (TEST_LOG !== undefined) return pino({ name, level: TEST_LOG });
  return pino({ name, level: "warn" }, { write: keepLogged });
}

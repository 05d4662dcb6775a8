/** Waiting for a state, as all tests do it. */

import { setTimeout as pause } from "node:timers/promises";

/** Ends what hangs, and measures nothing: no test has a shorter one. */
const UNTIL_MS = 120_000;
const LEAST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 500;

/** Waits until a condition holds; fails with its name if it never does. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  for (const end = Date.now() + UNTIL_MS; ;) {
    const began = Date.now();
    const value = await condition();
    if (value) return value as Exclude<Awaited<T>, false | null | undefined>;
    const now = Date.now();
    if (now > end) throw new Error(`after ${UNTIL_MS / 1_000} s it still does not hold that ${what}`);
    // A look that takes long, such as one by a program, would slow down what it waits for.
    await pause(Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, 3 * (now - began))));
  }
}

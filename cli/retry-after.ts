import { setTimeout as pause } from "node:timers/promises";
import { OperatorError } from "../schema/operator-error.js";

/** Longer waits, such as for a daily quota, are reported instead. */
const LONGEST_WAIT_S = 300;
const GIVE_UP_MS = 10 * 60_000;
/** Waits of many requests are told in one line. */
const TELL_EVERY_MS = 10_000;

/** A refusal that holds for a while. */
export class TryLater extends OperatorError {
  override readonly name = "TryLater";
  constructor(
    message: string,
    readonly seconds: number,
  ) {
    super(message);
  }
}

/** The seconds that an answer of 429 or 503 asks to wait; undefined if it asks for nothing, or for too much. */
export function readRetryAfter(status: number, header: string | null | undefined): number | undefined {
  if ((status !== 429 && status !== 503) || !header) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1_000);
  return isBearable(seconds) ? Math.max(seconds, 0) : undefined;
}

/** Whether a wait of so many seconds is worth it. */
export function isBearable(seconds: number): boolean {
  return seconds <= LONGEST_WAIT_S;
}

export type Patience = <T>(attempt: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Does a thing again for as long as it fails with {@link TryLater}, ten minutes at most. */
export function createPatience(tell: (line: string) => void): Patience {
  let toldAt = -Infinity;
  return async (attempt, signal) => {
    const giveUpAt = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof TryLater) || performance.now() + error.seconds * 1_000 > giveUpAt) throw error;
        if (performance.now() - toldAt > TELL_EVERY_MS) {
          toldAt = performance.now();
          tell(`The gateway asks to wait ${error.seconds} s (${error.message}); waiting.`);
        }
        // Those that were refused together come back one after the other.
        await pause(error.seconds * 1_000 + Math.random() * 500, undefined, { signal });
      }
    }
  };
}

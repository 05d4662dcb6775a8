/** Steps that outlast a gateway that is away for a while: each is tried again until it is answered. */

import { CombinedError } from "urql";
import { connection, LONGEST_WAIT_MS } from "./connection.ts";
import { createStore } from "./store.ts";

const FIRST_WAIT_MS = 500;
/** What comes later than this, such as the quota of the next day, is told instead of waited for. */
const LONGEST_WORTH_WAITING_S = 120;
const AWAY_STATUS: ReadonlySet<number | undefined> = new Set([502, 503, 504]);
const AWAY_CODES: ReadonlySet<unknown> = new Set(["UNAVAILABLE", "STORAGE_FULL", "RATE_LIMITED"]);
export const UNREACHABLE = "The gateway cannot be reached.";

/** Nobody answers, or the mesh takes nothing now: the same step can be tried again. */
export class Away extends Error {
  constructor(
    reason: string,
    /** When it is worth trying again, as far as the mesh says it. */
    readonly retryAfterS?: number | null,
  ) {
    super(reason);
  }
}

interface Refusal {
  readonly message: string;
  readonly code: string;
  readonly retryAfter?: number | null;
}

/** A refusal as an error: the mesh takes nothing now, or it will never take this. */
export function refusalOf({ message, code, retryAfter }: Refusal): Error {
  return AWAY_CODES.has(code) ? new Away(message, retryAfter) : new Error(message);
}

/** Why steps wait now; undefined while none does. */
export const pause = createStore<string | undefined>(undefined);
const waiting = new Map<object, string>();

/** Tries a step until it is answered. Throws what is no matter of time, and whatever the step throws once it is stopped. */
export async function persist<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const self = {};
  try {
    for (let tries = 0; ; tries++) {
      try {
        return await step();
      } catch (error) {
        const away = awayIn(error);
        if (away === undefined || signal.aborted || (away.retryAfterS ?? 0) > LONGEST_WORTH_WAITING_S) throw error;
        waiting.set(self, away.message);
        tell();
        const wait = Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);
        await nextTry(Math.max(1_000 * (away.retryAfterS ?? 0), wait), signal);
        if (signal.aborted) throw error;
      }
    }
  } finally {
    waiting.delete(self);
    tell();
  }
}

function tell(): void {
  pause.set([...waiting.values()].at(-1));
}

/** Ends with the wait, when the connection is back, or when nobody waits for it any more. */
function nextTry(wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      unfollow();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, wait);
    const unfollow = connection.follow(() => {
      if (connection.get() === "open") end();
    });
    signal.addEventListener("abort", end);
  });
}

/** Whether the same step can be tried again after an error; undefined if it would end in the same. */
export function awayIn(error: unknown): Away | undefined {
  if (error instanceof Away) return error;
  if (!(error instanceof CombinedError)) return undefined;
  const { networkError, response } = error;
  if (networkError) return response && !AWAY_STATUS.has(response.status) ? undefined : new Away(UNREACHABLE);
  const [first] = error.graphQLErrors;
  const { code, retryAfter } = first?.extensions ?? {};
  return first && AWAY_CODES.has(code) ? new Away(first.message, typeof retryAfter === "number" ? retryAfter : null) : undefined;
}

import { TimedOut, Unavailable } from "../contract.js";
import { within } from "../within.js";

/** An engine's slots, one for each sample that it scans at once. */
export interface Slots {
  readonly total: number;
  busy(): number;
  /** Waits for a free slot and returns a function that frees it. Throws {@link Unavailable} after `timeoutMs`, or the signal's reason. */
  take(timeoutMs: number, signal: AbortSignal): Promise<() => void>;
}

export function createSlots(total: number): Slots {
  const waiting = new Set<() => void>();
  let busy = 0;

  function free(): void {
    const [next] = waiting;
    if (next === undefined) {
      busy -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  async function wait(timeoutMs: number, signal: AbortSignal): Promise<() => void> {
    let onFree: () => void = () => undefined;
    const freed = new Promise<void>((resolve) => (onFree = resolve));
    waiting.add(onFree);
    try {
      await within(timeoutMs, freed, signal);
      return free;
    } catch (error) {
      // The waiter gave up just as it got the slot: pass the slot on.
      if (!waiting.delete(onFree)) free();
      throw error instanceof TimedOut
        ? new Unavailable(`no slot was free within ${timeoutMs / 1000} s`, { cause: error })
        : error;
    }
  }

  return {
    total,
    busy: () => busy,
    take(timeoutMs, signal) {
      if (busy >= total) return wait(timeoutMs, signal);
      busy += 1;
      return Promise.resolve(free);
    },
  };
}

import { TimedOut, Unavailable } from "../contract.js";
import { within } from "../within.js";

/** An engine's slots: how many samples it scans at once. */
export interface Slots {
  readonly total: number;
  busy(): number;
  /** Waits for a free one; the answer frees it. Throws {@link Unavailable} after `patienceMs`, or the signal's reason. */
  take(patienceMs: number, signal: AbortSignal): Promise<() => void>;
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

  async function wait(patienceMs: number, signal: AbortSignal): Promise<() => void> {
    let onFree: () => void = () => undefined;
    const freed = new Promise<void>((resolve) => (onFree = resolve));
    waiting.add(onFree);
    try {
      await within(patienceMs, freed, signal);
      return free;
    } catch (error) {
      // Freed at the very moment of giving up: the next one gets it.
      if (!waiting.delete(onFree)) free();
      throw error instanceof TimedOut
        ? new Unavailable(`no slot was free within ${patienceMs / 1000} s`, { cause: error })
        : error;
    }
  }

  return {
    total,
    busy: () => busy,
    take(patienceMs, signal) {
      if (busy >= total) return wait(patienceMs, signal);
      busy += 1;
      return Promise.resolve(free);
    },
  };
}

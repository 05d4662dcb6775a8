import { TimedOut } from "./contract.js";

/** Waits until `work` has ended, well or not; the {@link TimedOut} if it has not within `timeoutMs`. */
export async function outlasted(timeoutMs: number, work: Promise<unknown>): Promise<TimedOut | undefined> {
  try {
    await within(timeoutMs, work);
  } catch (error) {
    if (error instanceof TimedOut) return error;
  }
  return undefined;
}

/**
 * Waits for `work`, but no longer than `timeoutMs` and not past the signal. Throws {@link TimedOut} or the signal's reason;
 * ending the work itself is the caller's.
 */
export async function within<T>(timeoutMs: number, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new TimedOut(timeoutMs)), timeoutMs);
    const onAbort = () => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    stop();
  }
}

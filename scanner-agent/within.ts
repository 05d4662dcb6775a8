import { createAbortController } from "../schema/abort-controller.js";
import { TimedOut, Unavailable } from "./contract.js";

/** For work that only its time limit ends. */
export const NEVER_ABORTED = createAbortController().signal;

/** Waits until `work` has ended, whether it failed or not; returns {@link TimedOut} if that takes longer than `timeoutMs`. */
export async function awaitEnd(timeoutMs: number, work: Promise<unknown>): Promise<TimedOut | undefined> {
  try {
    await within(timeoutMs, work);
  } catch (error) {
    if (error instanceof TimedOut) return error;
  }
  return undefined;
}

/**
 * Waits for `work`, but no longer than `timeoutMs` and not past the signal. Throws {@link TimedOut} or the signal's reason.
 * It does not end the work: the caller does.
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

/** Waits a limited time for something that a disk or an engine tells beside its samples. Throws {@link Unavailable} after that. */
export async function answerWithin<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  try {
    return await within(timeoutMs, answer);
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error;
    throw new Unavailable(`no answer within ${timeoutMs / 1_000} s`, { cause: error });
  }
}

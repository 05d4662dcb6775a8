/** A limit on the time of something that takes an AbortSignal. */

import { createAbortController } from "./abort-controller.js";

/** A signal that aborts after a time, or with another signal. */
export interface TimeLimit {
  /** Aborts with a TimeoutError, or with the other signal's reason. */
  readonly signal: AbortSignal;
  /** Whether the time is over. */
  isOver(): boolean;
  /** To be called when what it limits has ended: lets go of the timer and of the other signal. */
  clear(): void;
}

/**
 * Limits a time. `AbortSignal.any` with `AbortSignal.timeout` cannot do it: Node 20 collects a signal that nothing else refers to, and
 * it never fires.
 */
export function timeLimit(ms: number, signal?: AbortSignal): TimeLimit {
  const controller = createAbortController();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    controller.abort(new DOMException(`not within ${ms / 1000} s`, "TimeoutError"));
  }, ms);
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    isOver: () => over,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

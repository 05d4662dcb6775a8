import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../schema/abort-controller.js";
import { Unreachable } from "./gateway-address.js";
import type { Ask } from "./graphql-http.js";
import type { Report } from "./report.js";
import type { Patience } from "./retry-after.js";
import { readScan, type Pace, type Transport } from "./watch-transports.js";

const RETRIES = 30;
const RETRY_MS = 4_000;
/** A way that breaks so often while one scan is watched is left for the next. */
const BREAKS_MAX = 3;

export type Watch = (scanId: number, signal: AbortSignal) => AsyncIterableIterator<Report>;

/**
 * Watches scans by the first of the transports that gets through, for all scans of this command. One that does not start is left for
 * the next; one that breaks later is tried again. `tell` is told when another one takes over.
 */
export function createWatch(
  transports: readonly Transport[],
  { ask, patiently, tell, pace }: { ask: Ask; patiently: Patience; tell: (line: string) => void; pace: Pace },
): Watch {
  let current = 0;

  /** False: there is nothing below it. */
  function moveOn(from: number): boolean {
    if (current > from) return true;
    const next = transports[from + 1];
    if (!next) return false;
    current = from + 1;
    tell(next.notice);
    return true;
  }

  return async function* watch(scanId, signal) {
    let breaks = 0;
    for (;;) {
      const [index, transport] = [current, transports[current]];
      if (!transport) return;
      let hasBegun = false;
      let problem: unknown = new Unreachable(`the watch of scan ${scanId} ended before the scan did`);
      let events: AsyncIterableIterator<Report> | undefined;
      const leave = () => void events?.return?.();
      signal.addEventListener("abort", leave);
      try {
        const first = await patiently(() => {
          events = transport.watch(scanId);
          return events.next();
        }, signal);
        for (let next = first; !next.done && events; next = await nextOrRead(events, scanId, signal)) {
          hasBegun = true;
          yield next.value;
          if (next.value.endDate) return;
        }
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        problem = error;
      } finally {
        signal.removeEventListener("abort", leave);
        leave();
      }
      if (signal.aborted) return;
      if (await waitUntilThere(signal)) continue;
      const isLast = index === transports.length - 1;
      if (hasBegun && (isLast || ++breaks < BREAKS_MAX)) continue;
      breaks = 0;
      if (!moveOn(index)) throw problem;
    }
  };

  /** A connection can die without a word, so that after a long silence the scan is asked for. */
  async function nextOrRead(
    events: AsyncIterableIterator<Report>,
    scanId: number,
    signal: AbortSignal,
  ): Promise<IteratorResult<Report>> {
    const pending = events.next();
    for (;;) {
      const next = await within(pace.silenceMs, pending);
      if (next) return next;
      const report = await readScan(ask, scanId, signal);
      if (report.endDate) return { value: report };
    }
  }

  /** Waits until the gateway answers, two minutes at most; true if it did not do so at once. */
  async function waitUntilThere(signal: AbortSignal): Promise<boolean> {
    for (let tries = 0; ; tries++) {
      try {
        await ask("{ __typename }", {}, signal);
        return tries > 0;
      } catch (error) {
        if (!(error instanceof Unreachable) || tries === RETRIES) throw error;
      }
      await pause(Math.min(250 * 2 ** tries, RETRY_MS), undefined, { signal });
    }
  }
}

/** Undefined if it takes longer. */
async function within<T>(ms: number, pending: Promise<T>): Promise<T | undefined> {
  const timer = createAbortController();
  try {
    return await Promise.race([pending, pause(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

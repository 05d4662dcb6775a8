import type { Logger } from "pino";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError, QueryTimeout } from "../errors.js";

const RETRY_MS = 500;
/** Statements that take too long are not improved by repeating them: after so many in a row their reader is told. */
export const MOST_TIMEOUTS = 3;

/**
 * Reads until it succeeds: a database or a bus that is away is no reason to end a subscription. A statement that takes too long is
 * tried again less and less often, and not for ever. Returns undefined once `isWanted` is false. Throws everything else.
 */
export async function retryRead<T>(
  log: Logger,
  name: string,
  isWanted: () => boolean,
  read: () => Promise<T>,
): Promise<T | undefined> {
  let timeouts = 0;
  while (isWanted()) {
    try {
      return await read();
    } catch (error) {
      if (!isAbsence(error) && !(error instanceof QueryTimeout && ++timeouts < MOST_TIMEOUTS)) throw error;
      if (!isWanted()) return undefined;
      log.warn({ err: error }, `cannot read ${name}; retrying`);
      await pause(RETRY_MS * 2 ** timeouts);
    }
  }
  return undefined;
}

/** Whether a part of the mesh is away, which passes. */
export function isAbsence(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "UNAVAILABLE";
}

/** A function that runs `refresh` at once when it is called, and however often it is called, not again before `restMs` have passed. */
export function throttled(log: Logger, restMs: number, refresh: () => Promise<void>): () => void {
  let isRequested = false;
  let isRunning = false;

  async function run(): Promise<void> {
    while (isRequested) {
      isRequested = false;
      await refresh();
      await pause(restMs);
    }
  }

  return () => {
    isRequested = true;
    if (isRunning) return;
    isRunning = true;
    run()
      .catch((error: unknown) => log.error({ err: error }, "watchers cannot be told of a change"))
      .finally(() => (isRunning = false));
  };
}

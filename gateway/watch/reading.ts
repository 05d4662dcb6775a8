import type { Logger } from "pino";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError, QueryTimeout } from "../errors.js";

const RETRY_MS = 500;
/** Repeating a statement that takes too long does not make it faster. After this many timeouts in a row, its reader gets the error. */
export const MOST_TIMEOUTS = 3;

/**
 * Reads until it succeeds, because an outage of the database or the bus should not end a subscription. A statement that times out is
 * retried less and less often, and not forever. Returns undefined once `isWanted` returns false. Throws all other errors.
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

/** Whether a part of the mesh is away, which is temporary. */
export function isAbsence(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "UNAVAILABLE";
}

/** Returns a function that runs `refresh` at once, but at most once per `restMs` however often it is called. */
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

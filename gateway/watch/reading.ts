import type { Logger } from "pino";
import { setTimeout as pause } from "node:timers/promises";
import { isDataError } from "../db/database.js";

const RETRY_MS = 500;

/**
 * Reads until it succeeds: a database that is away is no reason to end a subscription. Returns undefined once `isWanted` is false.
 * Throws what Postgres will refuse every time.
 */
export async function retryRead<T>(
  log: Logger,
  name: string,
  isWanted: () => boolean,
  read: () => Promise<T>,
): Promise<T | undefined> {
  while (isWanted()) {
    try {
      return await read();
    } catch (error) {
      if (isDataError(error)) throw error;
      log.warn({ err: error }, `cannot read ${name}; retrying`);
      await pause(RETRY_MS);
    }
  }
  return undefined;
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

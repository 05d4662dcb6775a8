import type { Logger } from "pino";
import { RecentMap } from "../recent-map.js";

/** More than are retried at the same time. */
const REMEMBERED = 1_000;

/** Logs repeated failures once per cause. */
export interface FailureLog {
  /** Notes that something has failed and will be retried. */
  note(what: string, error: unknown, details: object, message: string): void;
}

export function createFailureLog(log: Logger): FailureLog {
  const causes = new RecentMap<string, string>(REMEMBERED);
  return {
    note(what, error, details, message) {
      const cause = error instanceof Error ? error.message : String(error);
      const isKnown = causes.get(what) === cause;
      causes.set(what, cause);
      if (!isKnown) log.warn({ err: error, ...details }, message);
    },
  };
}

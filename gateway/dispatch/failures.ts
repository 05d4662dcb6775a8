import type { Logger } from "pino";
import { RecentMap } from "../recent-map.js";

/** More failures than are tried again at once. */
const REMEMBERED = 1_000;

/** Logs what fails again and again once for each cause. */
export interface FailureLog {
  /** Whatever it is has failed, and is tried again. */
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

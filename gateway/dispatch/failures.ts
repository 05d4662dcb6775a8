import type { Logger } from "pino";

/** More failures than are tried again at once. */
const REMEMBERED = 1_000;

/** Logs what fails again and again once for each cause. */
export interface FailureLog {
  /** Whatever it is has failed, and is tried again. */
  note(what: string, error: unknown, details: object, message: string): void;
}

export function createFailureLog(log: Logger): FailureLog {
  const causes = new Map<string, string>();
  return {
    note(what, error, details, message) {
      const cause = error instanceof Error ? error.message : String(error);
      const isKnown = causes.get(what) === cause;
      // The one that has failed last is forgotten last.
      causes.delete(what);
      causes.set(what, cause);
      const [oldest] = causes.keys();
      if (causes.size > REMEMBERED && oldest !== undefined) causes.delete(oldest);
      if (!isKnown) log.warn({ err: error, ...details }, message);
    },
  };
}

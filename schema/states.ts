/** The states of a result, the verdicts, and the one rule by which they are merged: upwards only. */

/**
 * States of a result, lowest first. QUEUED and SCANNING are open, the rest are final.
 * `UNSCANNED`: the engine could not scan all of the sample. `DONE` alone can carry a verdict.
 */
export const ResultState = {
  QUEUED: "QUEUED",
  SCANNING: "SCANNING",
  CANCELLED: "CANCELLED",
  NO_AGENT: "NO_AGENT",
  TIMEOUT: "TIMEOUT",
  FAILED: "FAILED",
  UNSCANNED: "UNSCANNED",
  DONE: "DONE",
} as const;
/** One of the names of {@link ResultState}. */
export type ResultState = keyof typeof ResultState;

/** All states in merge order, lowest first. The Postgres enum `result_state` has the same order. */
export const RESULT_STATES = Object.keys(ResultState) as readonly ResultState[];

/** A scan's verdict, lowest first; null until something can be said. The Postgres enum `verdict` has the same order. */
export const Verdict = { INCONCLUSIVE: "INCONCLUSIVE", CLEAN: "CLEAN", SUSPICIOUS: "SUSPICIOUS", INFECTED: "INFECTED" } as const;
/** One of the names of {@link Verdict}. */
export type Verdict = keyof typeof Verdict;

/** All verdicts in merge order, lowest first. */
export const VERDICTS = Object.keys(Verdict) as readonly Verdict[];

/** The verdict of one engine. It is never INCONCLUSIVE: an engine is DONE with a verdict, DONE without, or not DONE. */
export const EngineVerdict = { CLEAN: "CLEAN", SUSPICIOUS: "SUSPICIOUS", INFECTED: "INFECTED" } as const;
/** One of the names of {@link EngineVerdict}. */
export type EngineVerdict = keyof typeof EngineVerdict;

/** Whether no engine is expected to change this state any more (a late result may still raise it). */
export function isFinal(state: ResultState): boolean {
  return state !== "QUEUED" && state !== "SCANNING";
}

/** The part of a result that decides its rank: the state and, for DONE, the verdict. */
export interface RankedResult {
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
}

/** A number that orders results: one is replaced only by one with a higher rank. */
export function rank({ state, verdict }: RankedResult): number {
  return RESULT_STATES.indexOf(state) * VERDICTS.length + (verdict === null ? 0 : VERDICTS.indexOf(verdict));
}

/** The higher of two results; of equal ones the first. Gateways apply the same rule in SQL. */
export function merge<T extends RankedResult>(current: T, incoming: T): T {
  return rank(incoming) > rank(current) ? incoming : current;
}

/** Why an engine of the catalogue does not take part in a scan. */
export const SkipReason = {
  /** Slower than the request allows. */
  TOO_SLOW: "TOO_SLOW",
  /** It can reach the internet and the request does not allow that. */
  INTERNET_FORBIDDEN: "INTERNET_FORBIDDEN",
  /** Switched off by an operator. */
  DISABLED: "DISABLED",
  /** The request names its engines and this is not one of them, or it excludes this one. */
  NOT_SELECTED: "NOT_SELECTED",
  /** Its manifest does not accept the type of the sample. */
  UNSUPPORTED_TYPE: "UNSUPPORTED_TYPE",
  /**
   * No agent has announced it as healthy within the last 10 minutes, those that are there say that it does not work, it was taken from
   * all agents, or it is new, has given no result yet and its agents are gone.
   */
  UNHEALTHY: "UNHEALTHY",
} as const;
/** One of the names of {@link SkipReason}. */
export type SkipReason = keyof typeof SkipReason;

/** An engine left out of a scan, with the reason; stored as one JSON column of the scan. */
export interface Skipped {
  readonly engine: string;
  readonly reason: SkipReason;
  /** Set if the scan cannot be CLEAN because of it: an AV engine that a present agent announces as unhealthy. */
  readonly barsClean?: true;
}

/** The `error` that goes with {@link ResultCause.CRASHED_REPEATEDLY}; older agents give no cause, and are known by it. */
export const CRASHED_REPEATEDLY_ERROR = "ended its agent five times";

/** Why an engine did not finish with a sample or, if it is DONE, did not look into all of it; for programs. */
export const ResultCause = {
  /** The agent ended each of the five times that it ran the engine on this sample; it is not run again. */
  CRASHED_REPEATEDLY: "CRASHED_REPEATEDLY",
  /** The engine failed: it says so, its exit status does, it crashed, or it exceeded a limit on its memory or output. */
  ENGINE_ERROR: "ENGINE_ERROR",
  /** The engine ended well and what it printed is not understood. */
  UNPARSABLE_OUTPUT: "UNPARSABLE_OUTPUT",
  /** It was ended, or ended itself, because it took too long. */
  TIME_LIMIT: "TIME_LIMIT",
  /** The service that the engine asks answers no more questions now. */
  RATE_LIMITED: "RATE_LIMITED",
  /** The engine was not given the sample: the mesh does not have its bytes, they are damaged, or no host has room for them. */
  SAMPLE_UNAVAILABLE: "SAMPLE_UNAVAILABLE",
  /** The sample, or what it unpacks to, is over a limit of the engine. */
  TOO_LARGE: "TOO_LARGE",
  /** The sample, or something in it, is encrypted. */
  ENCRYPTED: "ENCRYPTED",
  /** The engine does not read files of this type, or something in the sample is packed in a way that it does not open. */
  UNSUPPORTED_TYPE: "UNSUPPORTED_TYPE",
  /** The sample, or something in it, is cut off or contradicts itself, so that nobody can look into all of it. */
  DAMAGED: "DAMAGED",
  /** The engine found nothing, and what is closed to engines in the sample could not be found out. */
  NOT_INSPECTED: "NOT_INSPECTED",
  /** The engine found nothing, and its agent is too old to find out what is closed to engines in a sample. */
  AGENT_TOO_OLD: "AGENT_TOO_OLD",
  /** The engine found a signature that is suppressed, and does not tell whether it would have found another. */
  SUPPRESSED: "SUPPRESSED",
} as const;
/** One of the names of {@link ResultCause}. */
export type ResultCause = keyof typeof ResultCause;

/** Why an engine of an agent is unhealthy, for programs; the presence's `reason` says it in a sentence for people. */
export const UnhealthyCause = {
  /** It is being started, or what it needs is: it has not been tested since, and may work in a moment. */
  STARTING: "STARTING",
  /** It cannot be run here, or its self-test failed. */
  FAULT: "FAULT",
  /** It works, and the mesh takes no results from it, because it is another engine than the catalogue's of that name. */
  REFUSED: "REFUSED",
} as const;
/** One of the names of {@link UnhealthyCause}. */
export type UnhealthyCause = keyof typeof UnhealthyCause;

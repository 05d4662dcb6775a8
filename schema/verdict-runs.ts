/** Samples scanned again by one engine, because its signatures have changed. */

/** How far such a run is. */
export const VerdictRunState = {
  /** It goes on from the newest sample to the oldest. */
  RUNNING: "RUNNING",
  /** It has looked at all samples. */
  DONE: "DONE",
  /** The engine was updated again, and another run has begun. */
  REPLACED: "REPLACED",
  /** It was switched off. */
  STOPPED: "STOPPED",
} as const;
/** One of the names of {@link VerdictRunState}. */
export type VerdictRunState = keyof typeof VerdictRunState;

/** Why a scan exists. */
export const ScanOrigin = {
  /** Somebody asked for it. */
  REQUEST: "REQUEST",
  /** An engine was updated. */
  UPDATE: "UPDATE",
} as const;
/** One of the names of {@link ScanOrigin}. */
export type ScanOrigin = keyof typeof ScanOrigin;

/** The share of an engine's slots that scans of updates take at most. */
export const UPDATE_SHARE = 0.2;

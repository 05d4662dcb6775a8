/** States of an update: one engine's way from one bundle of a set to another, and how far each host is. */

/** Why an update began. */
export const UpdateCause = {
  /** A fetcher brought a new bundle, and the set is updated by itself. */
  FETCHED: "FETCHED",
  /** Somebody asked for it. */
  ASKED: "ASKED",
  /** Somebody asked for what was served before. */
  ROLLBACK: "ROLLBACK",
} as const;
/** One of the names of {@link UpdateCause}. */
export type UpdateCause = keyof typeof UpdateCause;

/** States of an update. PENDING, CANARY, ROLLING and HELD are open: an engine has at most one such update of a set. */
export const EngineUpdateState = {
  /** It waits for its window, for a resumption, or for its first host. */
  PENDING: "PENDING",
  /** One host serves the new bundle, and is held against the engine's own last days. */
  CANARY: "CANARY",
  /** The other hosts follow, some at a time. */
  ROLLING: "ROLLING",
  /** All hosts that are there serve it. */
  DONE: "DONE",
  /** A host failed with it: all serve again what they served before. */
  ROLLED_BACK: "ROLLED_BACK",
  /** The canary differs from the days before: somebody has to decide. */
  HELD: "HELD",
  /** A newer one took its place, or somebody called it off. */
  CANCELLED: "CANCELLED",
} as const;
/** One of the names of {@link EngineUpdateState}. */
export type EngineUpdateState = keyof typeof EngineUpdateState;

/** How far an update is on a host. */
export const HostUpdateState = {
  WAITING: "WAITING",
  FETCHING: "FETCHING",
  TESTING: "TESTING",
  /** It serves the new bundle as the first host. */
  CANARY: "CANARY",
  SERVING: "SERVING",
  /** The update is held while this host serves the new bundle. */
  HELD: "HELD",
  /** It serves what it served before, because of a reason. */
  FAILED: "FAILED",
  /** Its agent has vanished. */
  GONE: "GONE",
} as const;
/** One of the names of {@link HostUpdateState}. */
export type HostUpdateState = keyof typeof HostUpdateState;

/** Why a set is not updated although somebody asked for it. */
export const UpdateRefusal = {
  /** It is to serve the newest bundle already. */
  NEWEST_ALREADY: "NEWEST_ALREADY",
  /** There is no bundle. */
  NO_BUNDLE: "NO_BUNDLE",
  /** None of its agents takes bundles. */
  NO_HOST: "NO_HOST",
  /** Hosts are changing now. */
  UNDERWAY: "UNDERWAY",
  /** Its updates are paused. */
  PAUSED: "PAUSED",
  /** The newest bundle was given up before. */
  ROLLED_BACK_BEFORE: "ROLLED_BACK_BEFORE",
} as const;
/** One of the names of {@link UpdateRefusal}. */
export type UpdateRefusal = keyof typeof UpdateRefusal;

/** Why requests come back without an answer. */

/** Why an agent returns a request, through no fault of the sample. */
export const ReturnCause = {
  /** The agent is drained or ends: another one, or this one later, may have it at once. */
  STOPPING: "STOPPING",
  /** The engine cannot be run here now. */
  UNAVAILABLE: "UNAVAILABLE",
  /** There is no room for this sample here now; smaller ones are taken. */
  NO_ROOM: "NO_ROOM",
} as const;
/** One of the names of {@link ReturnCause}. */
export type ReturnCause = keyof typeof ReturnCause;

/** The settings of updates of engines. */

import { duration, type Values } from "../../schema/settings.js";

export const updateSettings = {
  SCANMESH_CANARY_WAIT: {
    type: duration,
    fallback: "15m",
    example: "1h",
    about: "Longest time that an update of an engine waits for 50 scans of its first host before the others follow.",
  },
} as const;

/** How updates go. */
export interface UpdateConfig {
  /** Longest time that an update waits for enough scans of its first host. */
  readonly canaryWaitMs: number;
}

export function readUpdateConfig(values: Values<typeof updateSettings>): UpdateConfig {
  return { canaryWaitMs: values.SCANMESH_CANARY_WAIT };
}

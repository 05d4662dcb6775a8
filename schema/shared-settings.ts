/** Settings that the gateway and the agent read alike. */

import { anyText, duration, oneOf } from "./settings.js";

/** By name; each process has those that it needs in a list of its own. */
export const sharedSettings = {
  NATS_URL: { type: anyText, fallback: "nats://127.0.0.1:4222", about: "NATS servers, comma-separated." },
  LOG_LEVEL: {
    type: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    fallback: "info",
    about: "Least level that is logged.",
  },
  SCANMESH_ACK_WAIT: {
    type: duration,
    fallback: "30s",
    about: "Time after which work of a silent agent is given to another; must be the same for all gateways and agents.",
  },
} as const;

/** Settings that the gateway and the agent read alike. */

import { duration, filePath, natsAddresses, oneOf } from "./settings.js";

/** By name; each process has those that it needs in a list of its own. */
export const sharedSettings = {
  NATS_URL: {
    type: natsAddresses,
    fallback: "nats://127.0.0.1:4222",
    example: "nats://10.0.0.5:4222,nats://10.0.0.6:4222",
    about: "The NATS servers of one cluster; with `tls://` instead of `nats://` the connection is encrypted or there is none.",
  },
  SCANMESH_NATS_CA: {
    type: filePath,
    shown: "those that Node knows",
    example: "/run/scanmesh/ca.pem",
    about: "File (PEM) of the authorities that may have signed NATS's certificate, read again at each connection.",
  },
  LOG_LEVEL: {
    type: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    fallback: "info",
    example: "debug",
    about: "The lowest level that is logged.",
  },
  SCANMESH_ACK_WAIT: {
    type: duration,
    fallback: "30s",
    example: "1m",
    about: "Time after which the work of a silent agent goes to another one. Gateways and agents need the same value.",
  },
} as const;

/** The settings by which hosts join. */

import { durationBetween, filePath, natsAddresses, type Values } from "../schema/settings.js";

export const joiningSettings = {
  SCANMESH_AGENT_NATS_URL: {
    type: natsAddresses,
    shown: "`NATS_URL`",
    example: "nats://10.0.0.5:4222",
    about: "Addresses at which hosts that join reach NATS.",
  },
  SCANMESH_AGENT_TTL: {
    type: durationBetween("3s", "720h"),
    fallback: "24h",
    example: "8h",
    about: "How long NATS lets an agent in before it must ask a gateway again; agents ask after two thirds of it.",
  },
  SCANMESH_JOIN_KEYS: {
    type: filePath,
    shown: "none",
    example: "/run/scanmesh/join-keys.json",
    about: "File by which the gateway knows the join tokens that `npm run keys` makes for the agents of the same mesh.",
  },
} as const;

/** How hosts join. */
export interface JoiningConfig {
  /** Where they reach NATS. */
  readonly agentServers: readonly string[];
  /** How long an agent's user is valid. */
  readonly agentTtlMs: number;
  /** File with the standing join tokens. */
  readonly joinKeysFile: string | undefined;
}

export function readJoining(values: Values<typeof joiningSettings> & { readonly NATS_URL: string }): JoiningConfig {
  return {
    agentServers: splitServers(values.SCANMESH_AGENT_NATS_URL ?? values.NATS_URL),
    agentTtlMs: values.SCANMESH_AGENT_TTL,
    joinKeysFile: values.SCANMESH_JOIN_KEYS,
  };
}

export function splitServers(addresses: string): string[] {
  return addresses.split(",").map((server) => server.trim());
}

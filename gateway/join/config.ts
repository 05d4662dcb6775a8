/** The settings for joining hosts. */

import { IMAGE_NAME } from "../../schema/join-lines.js";
import { projectPath } from "../../schema/paths.js";
import {
  anyText,
  commaListOf,
  durationBetween,
  filePath,
  folderPath,
  natsAddresses,
  type Values,
} from "../../schema/settings.js";

export const joiningSettings = {
  SCANMESH_AGENT_NATS_URL: {
    type: natsAddresses,
    shown: "`SCANMESH_TLS_NAMES`, else `NATS_URL`",
    example: "nats://10.0.0.5:4222",
    about: "Addresses at which hosts that join reach NATS.",
  },
  SCANMESH_TLS_NAMES: {
    type: commaListOf(/^[a-z0-9.:-]+$/i, "names or addresses without ports, separated by commas"),
    fallback: "",
    shown: "none",
    example: "mesh.example.org,10.0.0.5",
    about: "Names and addresses at which hosts reach NATS by TLS, on its usual port, where `SCANMESH_AGENT_NATS_URL` is not set.",
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
  SCANMESH_AGENT_IMAGE: {
    type: anyText.regex(IMAGE_NAME, "needs the name of an image").describe("name"),
    shown: "none",
    example: "registry.example.org/scanmesh/agent:1.2.0",
    about: "The agent's image as hosts that join call it: one of a registry, or one that they have.",
  },
  SCANMESH_AGENT_IMAGE_FILE: {
    type: filePath,
    shown: "none",
    example: "/var/lib/scanmesh/images/agent.tar.gz",
    about: "File that `docker save` has made of the agent's image: hosts with Docker that join by the script are given it.",
  },
  SCANMESH_PACKAGES: {
    type: folderPath,
    shown: "`.scanmesh/packages` in the clone",
    example: "/var/lib/scanmesh/packages",
    about: "Folder for the package by which hosts without Docker run an agent, about 60 MB, made when the first one asks for it.",
  },
} as const;

/** How hosts join. */
export interface JoiningConfig {
  /** The addresses at which they reach NATS. */
  readonly agentServers: readonly string[];
  /** How long an agent's user is valid. */
  readonly agentTtlMs: number;
  /** File with the standing join tokens. */
  readonly joinKeysFile: string | undefined;
  /** The name of the agent's image for hosts. */
  readonly agentImage: string | undefined;
  readonly agentImageFile: string | undefined;
  readonly packagesFolder: string;
}

export function readJoining(values: Values<typeof joiningSettings> & { readonly NATS_URL: string }): JoiningConfig {
  return {
    agentServers: splitServers(values.SCANMESH_AGENT_NATS_URL ?? (namedServers(values.SCANMESH_TLS_NAMES) || values.NATS_URL)),
    agentTtlMs: values.SCANMESH_AGENT_TTL,
    joinKeysFile: values.SCANMESH_JOIN_KEYS,
    agentImage: values.SCANMESH_AGENT_IMAGE,
    agentImageFile: values.SCANMESH_AGENT_IMAGE_FILE,
    packagesFolder: values.SCANMESH_PACKAGES ?? projectPath(".scanmesh", "packages"),
  };
}

/** Leaves out addresses that mean "all interfaces", which other machines cannot reach. */
function namedServers(names: readonly string[]): string {
  const reached = names.filter((name) => name !== "0.0.0.0" && name !== "::");
  return reached.map((name) => `tls://${name.includes(":") ? `[${name}]` : name}:4222`).join();
}

/** A sentence if NATS requires TLS but hosts would be told to connect without it. */
export function plainServers(env: Readonly<Record<string, string | undefined>>): string[] {
  const { NATS_URL = "", SCANMESH_AGENT_NATS_URL: told = "" } = env;
  if (!NATS_URL.includes("tls://") || told === "" || told.includes("tls://")) return [];
  return [
    `SCANMESH_AGENT_NATS_URL: is ${told}, but NATS demands TLS (NATS_URL): write tls:// instead of nats://, or leave it out`,
  ];
}

export function splitServers(addresses: string): string[] {
  return addresses.split(",").map((server) => server.trim());
}

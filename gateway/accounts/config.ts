/** The settings with which a gateway gives agents their own accounts. */

import { filePath } from "../../schema/settings.js";

const NONE = "agents share the credentials of their class";

/** Either all are set or none. */
export const accountSettings = {
  SCANMESH_NATS_SYSTEM_CREDS: {
    type: filePath,
    shown: NONE,
    example: "/run/scanmesh/gateway-system.creds",
    about: "Credentials file of the gateway's user in NATS's system account, by which NATS is told of agents' accounts.",
  },
  SCANMESH_NATS_ACCOUNTS_KEY: {
    type: filePath,
    shown: NONE,
    example: "/run/scanmesh/operator-signing.nk",
    about: "File of the operator's signing key, by which the gateway signs agents' accounts.",
  },
  SCANMESH_NATS_AGENTS_KEY: {
    type: filePath,
    shown: NONE,
    example: "/run/scanmesh/agents-signing.nk",
    about: "File of the key by which the gateway signs the users of agents' accounts.",
  },
} as const;

/** The files needed to create accounts of agents. */
export interface AccountFiles {
  readonly systemCreds: string;
  /** Seed of the operator's signing key for accounts. */
  readonly accountsKey: string;
  /** Seed of the signing key for users of those accounts. */
  readonly agentsKey: string;
}

type Name = keyof typeof accountSettings;
const NAMES = ["SCANMESH_NATS_SYSTEM_CREDS", "SCANMESH_NATS_ACCOUNTS_KEY", "SCANMESH_NATS_AGENTS_KEY"] as const satisfies Name[];

/** The configured files; undefined if they are not set. */
export function accountFiles(values: Readonly<Partial<Record<Name, string | undefined>>>): AccountFiles | undefined {
  const [systemCreds, accountsKey, agentsKey] = NAMES.map((name) => values[name]);
  return systemCreds && accountsKey && agentsKey ? { systemCreds, accountsKey, agentsKey } : undefined;
}

/** Missing settings if only some are set, a sentence each. */
export function accountFilesMissing(env: Readonly<Record<string, string | undefined>>): string[] {
  const set = NAMES.filter((name) => env[name]);
  if (set.length === 0) return [];
  return NAMES.filter((name) => !env[name]).map((name) => `${name}: must be set where ${set.join(" and ")} is set`);
}

import ipaddr from "ipaddr.js";
import type { InternetClass } from "../schema/classes.js";
import {
  ConfigError,
  duration,
  filePath,
  integer,
  commaListOf,
  oneOf,
  postgresAddress,
  readSettings,
  size,
  anyText,
  type Values,
} from "../schema/settings.js";
import { sharedSettings } from "../schema/shared-settings.js";
import { accountFiles, accountFilesMissing, accountSettings, type AccountFiles } from "./accounts/config.js";
import { bundleSettings, readBundleConfig, type BundleConfig } from "./bundles/config.js";
import { listeningMissing, listeningSettings, readListening, type ListeningConfig } from "./http/config.js";
import { joiningSettings, plainServers, readJoining, splitServers, type JoiningConfig } from "./join/config.js";
import { readUpdateConfig, updateSettings, type UpdateConfig } from "./updates/config.js";

/** What other parts need to know about how the gateway listens. */
export { DEFAULT_PORT, isLoopback } from "./http/config.js";

/** Every setting of the gateway; docs/run/settings.md is made from this list. */
export const gatewaySettings = {
  ...listeningSettings,
  DATABASE_URL: {
    type: postgresAddress,
    shown: "must be set; `npm run up` sets it",
    secret: true,
    required: true,
    example: "postgres://scanmesh:secret@db.example.org/scanmesh",
    about: "Postgres 15 or later, `postgres://…`.",
  },
  NATS_URL: sharedSettings.NATS_URL,
  SCANMESH_NATS_CA: sharedSettings.SCANMESH_NATS_CA,
  SCANMESH_NATS_ISOLATED_CREDS: {
    type: filePath,
    required: true,
    example: "/run/scanmesh/gateway-isolated.creds",
    about: "Credentials file of the gateway's user in the ISOLATED account.",
  },
  SCANMESH_NATS_INTERNET_CREDS: {
    type: filePath,
    required: true,
    example: "/run/scanmesh/gateway-internet.creds",
    about: "Credentials file of the gateway's user in the INTERNET account.",
  },
  ...accountSettings,
  ...joiningSettings,
  SCANMESH_NATS_REPLICAS: { type: integer(1, 5), fallback: "1", example: "3", about: "Copies of each stream in a NATS cluster." },
  LOG_LEVEL: sharedSettings.LOG_LEVEL,
  SCANMESH_TIME_ZONE: {
    type: timeZone(),
    fallback: "UTC",
    example: "Europe/Berlin",
    about: "Time zone of the dates in `/api/v1`.",
  },
  SCANMESH_DEADLINE: {
    type: duration,
    fallback: "15m",
    example: "5m",
    about: "Time after which a scan is final, whatever happens, where the request names no deadline.",
  },
  SCANMESH_MAX_WAIT: {
    type: duration,
    shown: "no limit",
    example: "10m",
    about: "Longest estimated wait for an engine with which scans are still accepted; BULK scans are always.",
  },
  SCANMESH_UPLOAD_LIMIT: {
    type: size.refine((bytes) => bytes <= 2 * 1024 ** 3, "needs a size of 2GiB at most"),
    fallback: "512MiB",
    example: "1GiB",
    about: "Largest sample; 2GiB at most.",
  },
  SCANMESH_BASE64_LIMIT: {
    type: size,
    fallback: "32MiB",
    example: "64MiB",
    about: "Largest sample sent as base64 in REST, decoded.",
  },
  SCANMESH_UPLOAD_TTL: { type: duration, fallback: "15m", example: "1h", about: "How long an upload URL can be used." },
  SCANMESH_ORPHAN_GRACE: {
    type: duration,
    fallback: "1h",
    example: "2h",
    about: "Age at which stored bytes that belong to no sample are removed; an upload may take half of it.",
  },
  SCANMESH_SCANS_MAX: {
    type: size,
    fallback: "1GiB",
    example: "4GiB",
    about: "Most bytes of waiting requests on the bus, in each account.",
  },
  SCANMESH_SAMPLES_MAX: {
    type: size,
    shown: "as much as the NATS server has",
    example: "200GiB",
    about: "Most bytes of stored samples, in each account; NATS reserves them twice.",
  },
  ...bundleSettings,
  SCANMESH_ACK_WAIT: sharedSettings.SCANMESH_ACK_WAIT,
  ...updateSettings,
  SCANMESH_SWEEP_INTERVAL: { type: duration, fallback: "1s", example: "5s", about: "Pause between two sweeps." },
  SCANMESH_WEBHOOK_NETWORKS: {
    type: commaListOf(/^[0-9a-f.:]+\/\d{1,3}$/i, "networks such as 10.0.0.0/8, separated by commas").refine(
      (networks) => networks.every(isNetwork),
      "needs networks such as 10.0.0.0/8, separated by commas",
    ),
    fallback: "",
    example: "10.0.0.0/8,fd00::/8",
    about: "Networks, besides the public internet, whose addresses webhooks may be sent to.",
  },
  SCANMESH_LIST_TIMEOUT: {
    type: duration,
    fallback: "5s",
    example: "10s",
    about: "Longest time that Postgres may take to find a page of a list; a filter that needs more is refused.",
  },
  SCANMESH_INTROSPECTION: {
    type: oneOf(["on", "off"]),
    fallback: "on",
    example: "off",
    about: "Whether GraphQL introspection is answered, and `/schema.graphql`.",
  },
  SCANMESH_SUBSCRIPTIONS: {
    type: integer(1, 1_000_000),
    fallback: "6000",
    example: "100",
    about: "Most GraphQL subscriptions that one API key, or one address without a key, holds open at once.",
  },
  SCANMESH_ENGINES_MAX: {
    type: integer(1, 10_000),
    fallback: "100",
    example: "300",
    about: "Most engines that agents bring into the catalogue; one more is refused until another is removed.",
  },
  SCANMESH_FAILPOINT: {
    type: anyText,
    example: "outbox.after_commit:kill",
    about: "For tests: a named point at which the process kills itself.",
  },
} as const;

/** The gateway's configuration. Times are in milliseconds, sizes in bytes. */
export interface GatewayConfig extends ListeningConfig, JoiningConfig, BundleConfig, UpdateConfig {
  readonly databaseUrl: string;
  readonly servers: readonly string[];
  /** File with the certificate authorities of NATS; undefined: those that Node trusts. */
  readonly natsCaFile: string | undefined;
  /** Credentials of the gateway's user in each account. */
  readonly credsFiles: Readonly<Record<InternetClass, string>>;
  /** Files for giving agents their own accounts; undefined if agents share the credentials of their class. */
  readonly accountFiles: AccountFiles | undefined;
  readonly replicas: number;
  readonly logLevel: string;
  readonly timeZone: string;
  /** For requests without their own deadline. */
  readonly deadlineMs: number;
  /** Undefined means no limit. */
  readonly maxWaitMs: number | undefined;
  readonly uploadMaxBytes: number;
  /** Decoded. */
  readonly base64MaxBytes: number;
  readonly uploadTtlMs: number;
  readonly orphanGraceMs: number;
  readonly scansMaxBytes: number;
  /** Undefined: only limited by the NATS server. */
  readonly samplesMaxBytes: number | undefined;
  readonly ackWaitMs: number;
  readonly sweepIntervalMs: number;
  readonly webhookNetworks: readonly string[];
  readonly listTimeoutMs: number;
  readonly introspection: boolean;
  /** Open at the same time, for each API key or address. */
  readonly subscriptionsMax: number;
  /** Added to the catalogue by agents. */
  readonly enginesMax: number;
  readonly failpoint: string | undefined;
}

/** Reads the gateway's configuration. Throws ConfigError with all mistakes at once. */
export function readGatewayConfig(env: Readonly<Record<string, string | undefined>> = process.env): GatewayConfig {
  const values = readValues(env);
  return {
    ...readListening(values),
    databaseUrl: values.DATABASE_URL,
    servers: splitServers(values.NATS_URL),
    natsCaFile: values.SCANMESH_NATS_CA,
    credsFiles: { isolated: values.SCANMESH_NATS_ISOLATED_CREDS, internet: values.SCANMESH_NATS_INTERNET_CREDS },
    accountFiles: accountFiles(values),
    ...readJoining(values),
    replicas: values.SCANMESH_NATS_REPLICAS,
    logLevel: values.LOG_LEVEL,
    timeZone: values.SCANMESH_TIME_ZONE,
    deadlineMs: values.SCANMESH_DEADLINE,
    maxWaitMs: values.SCANMESH_MAX_WAIT,
    uploadMaxBytes: values.SCANMESH_UPLOAD_LIMIT,
    base64MaxBytes: values.SCANMESH_BASE64_LIMIT,
    uploadTtlMs: values.SCANMESH_UPLOAD_TTL,
    orphanGraceMs: values.SCANMESH_ORPHAN_GRACE,
    scansMaxBytes: values.SCANMESH_SCANS_MAX,
    samplesMaxBytes: values.SCANMESH_SAMPLES_MAX,
    ...readBundleConfig(values),
    ackWaitMs: values.SCANMESH_ACK_WAIT,
    ...readUpdateConfig(values),
    sweepIntervalMs: values.SCANMESH_SWEEP_INTERVAL,
    webhookNetworks: values.SCANMESH_WEBHOOK_NETWORKS,
    listTimeoutMs: values.SCANMESH_LIST_TIMEOUT,
    introspection: values.SCANMESH_INTROSPECTION === "on",
    subscriptionsMax: values.SCANMESH_SUBSCRIPTIONS,
    enginesMax: values.SCANMESH_ENGINES_MAX,
    failpoint: values.SCANMESH_FAILPOINT,
  };
}

function readValues(env: Readonly<Record<string, string | undefined>>): Values<typeof gatewaySettings> {
  const undecided = [...listeningMissing(env), ...plainServers(env), ...accountFilesMissing(env)];
  try {
    const values = readSettings(gatewaySettings, env);
    if (undecided.length > 0) throw new ConfigError([]);
    return values;
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError([...error.mistakes, ...undecided]);
    throw error;
  }
}

function isNetwork(network: string): boolean {
  return ipaddr.isValidCIDR(network);
}

function timeZone(): typeof anyText {
  return anyText.refine(isTimeZone, "needs a time zone such as UTC or Europe/Berlin").describe("time zone");
}

function isTimeZone(zone: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

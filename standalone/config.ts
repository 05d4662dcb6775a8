import { join, resolve } from "node:path";
import { isLoopback, readGatewayConfig } from "../gateway/config.js";
import { readAgentConfig } from "../scanner-agent/config.js";
import { projectPath } from "../schema/paths.js";
import {
  anyText,
  commaListOf,
  ConfigError,
  filePath,
  folderPath,
  integer,
  natsAddresses,
  oneOf,
  postgresAddress,
  readSettings,
} from "../schema/settings.js";

type Env = Readonly<Record<string, string | undefined>>;

/** The settings of `npm run up` itself; it hands those of the gateway and the agent on to them. */
export const standaloneSettings = {
  SCANMESH_HOME: {
    type: folderPath,
    shown: "`.scanmesh` in the clone",
    example: "/srv/scanmesh",
    about: "Folder of the data, the keys and the logs of `npm run up`.",
  },
  SCANMESH_NODE: {
    type: oneOf(["newer", "own"]),
    fallback: "newer",
    example: "own",
    about:
      "Which Node runs the gateway and the agent of `npm run up`: `newer` takes Node 24 from npm where the host's is older, since it is " +
      "faster; `own` keeps to the host's.",
  },
  SCANMESH_LISTEN: {
    type: anyText.describe("address"),
    shown: "this machine alone",
    example: "10.0.0.5",
    about:
      "Address at which other hosts reach the mesh too, `0.0.0.0` for all: the gateway by HTTPS, NATS by TLS, callers by API keys. " +
      "`npm run up -- --listen ADDRESS` does the same.",
  },
  SCANMESH_TLS_NAMES: {
    type: commaListOf(/^[a-z0-9.:-]+$/i, "names or addresses without ports, separated by commas"),
    fallback: "",
    shown: "the address that is listened on",
    example: "mesh.example.org,10.0.0.5",
    about: "Names and addresses by which other hosts reach this machine; the certificate is for them.",
  },
  SCANMESH_NATS_PORT: {
    type: integer(1, 65_535),
    fallback: "4222",
    example: "4333",
    about: "Port at which NATS listens for other hosts.",
  },
  DATABASE_URL: {
    type: postgresAddress,
    shown: "the embedded Postgres",
    secret: true,
    example: "postgres://scanmesh:secret@db.example.org/scanmesh",
    about: "A Postgres to use instead of the embedded one.",
  },
  NATS_URL: {
    type: natsAddresses,
    shown: "the embedded nats-server",
    example: "nats://10.0.0.5:4222",
    about: "A NATS to use instead of the embedded one; the credentials must be set too.",
  },
  SCANMESH_NATS_ISOLATED_CREDS: {
    type: filePath,
    example: "/etc/scanmesh/gateway-isolated.creds",
    about: "With NATS_URL: credentials file of the gateway in the ISOLATED account.",
  },
  SCANMESH_NATS_INTERNET_CREDS: {
    type: filePath,
    example: "/etc/scanmesh/gateway-internet.creds",
    about: "With NATS_URL: credentials file of the gateway in the INTERNET account.",
  },
  SCANMESH_NATS_CREDS: {
    type: filePath,
    example: "/etc/scanmesh/agent.creds",
    about: "With NATS_URL: credentials file of the agent in the ISOLATED account.",
  },
} as const;

const CREDENTIALS = ["SCANMESH_NATS_ISOLATED_CREDS", "SCANMESH_NATS_INTERNET_CREDS", "SCANMESH_NATS_CREDS"] as const;

/** What decides how the mesh of one machine is started. */
export interface StandaloneConfig {
  /** Absolute path of the data folder. */
  readonly home: string;
  /** Undefined: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the embedded nats-server. */
  readonly nats: NatsAccess | undefined;
  /** Undefined: this machine alone reaches the mesh. */
  readonly listening: Listening | undefined;
  /** Whether callers need an API key. */
  readonly requiresKeys: boolean;
  /** Most bytes of waiting requests, of samples and of bundles, in each account of NATS; undefined: nobody has said. */
  readonly scansMax: number | undefined;
  readonly samplesMax: number | undefined;
  readonly bundlesMax: number | undefined;
  /** Environment of the gateway and of the agent, but for the addresses of Postgres and NATS. */
  readonly gatewayEnv: Env;
  readonly agentEnv: Env;
}

/** How other hosts reach the mesh. */
export interface Listening {
  /** The address that the gateway and NATS listen on. */
  readonly host: string;
  readonly httpsPort: number;
  readonly natsPort: number;
  /** By which names and addresses hosts reach it; empty: nobody has said. */
  readonly names: readonly string[];
  /** Files of a certificate that is not the mesh's own. */
  readonly given: { readonly cert: string; readonly key: string; readonly ca: string | undefined } | undefined;
}

/** How the gateway and the agent reach NATS. */
export interface NatsAccess {
  readonly url: string;
  readonly gatewayIsolatedCreds: string;
  readonly gatewayInternetCreds: string;
  readonly agentCreds: string;
}

/** Reads the configuration of `npm run up`, the gateway's and the agent's included; `listen` is its argument. Throws ConfigError with all mistakes at once. */
export function readStandaloneConfig(settings: Env = process.env, listen?: string): StandaloneConfig {
  const env = listen === undefined ? settings : { ...settings, SCANMESH_LISTEN: listen };
  const mistakes: string[] = [];
  const collect = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      mistakes.push(...error.mistakes);
      return undefined;
    }
  };
  const values = collect(() => readSettings(standaloneSettings, env));
  const home = resolve(values?.SCANMESH_HOME ?? projectPath(".scanmesh"));
  const missing = values?.NATS_URL === undefined ? [] : CREDENTIALS.filter((name) => values[name] === undefined);
  if (missing.length > 0)
    mistakes.push(`NATS_URL: is set, so ${missing.join(", ")} must be set too, each the path of a credentials file`);

  // The database is the gateway's alone, and it is told its address directly.
  const shared = { ...env, DATABASE_URL: undefined, DATABASE_URL_FILE: undefined };
  const host = values?.SCANMESH_LISTEN;
  const gatewayEnv = { ...shared, HOST: env["HOST"] || "127.0.0.1", ...(host === undefined ? {} : openDefaults(env, host)) };
  if (host !== undefined && !isLoopback(host) && env["SCANMESH_AUTH"] === "off")
    mistakes.push(`SCANMESH_AUTH: is off, but other hosts reach ${host} (SCANMESH_LISTEN): leave it out, and make API keys`);
  const agentEnv = { ...shared, SCANMESH_CLASS: "isolated", ...agentDefaults(env, home) };
  if (env["SCANMESH_CLASS"] && env["SCANMESH_CLASS"] !== "isolated")
    mistakes.push(
      "SCANMESH_CLASS: npm run up starts an agent of the class isolated and no other; leave it out, and start one of the class internet " +
        "with npm run agent",
    );
  // The addresses are known only once Postgres and NATS run; all else can be judged now.
  const addresses = {
    DATABASE_URL: "postgres://",
    NATS_URL: "nats://",
    SCANMESH_NATS_ISOLATED_CREDS: "-",
    SCANMESH_NATS_INTERNET_CREDS: "-",
  };
  const gateway = collect(() => readGatewayConfig({ ...gatewayEnv, ...addresses }));
  collect(() => readAgentConfig({ ...agentEnv, NATS_URL: addresses.NATS_URL }));
  if (mistakes.length > 0 || values === undefined) throw new ConfigError([...new Set(mistakes)]);

  const { SCANMESH_TLS_NAMES: names = [], SCANMESH_NATS_PORT: natsPort = 0 } = values;
  const { SCANMESH_TLS_CERT: cert, SCANMESH_TLS_KEY: key, SCANMESH_TLS_CA: ca } = env;
  const given = cert && key ? { cert, key, ca: ca || undefined } : undefined;
  const httpsPort = gateway?.https?.port ?? 0;
  const listening = host === undefined ? undefined : { host, httpsPort, natsPort, names, given };

  const requiresKeys = gateway?.auth === "keys";
  const scansMax = env["SCANMESH_SCANS_MAX"] ? gateway?.scansMaxBytes : undefined;
  const bundlesMax = env["SCANMESH_BUNDLES_MAX"] ? gateway?.bundlesMaxBytes : undefined;
  const limits = { scansMax, samplesMax: gateway?.samplesMaxBytes, bundlesMax };
  const nats = externalNats(values);
  return { home, databaseUrl: values.DATABASE_URL, nats, listening, requiresKeys, ...limits, gatewayEnv, agentEnv };
}

/** The gateway's settings where others are let in. The paths of a certificate that is still to be made are filled in later. */
function openDefaults(env: Env, host: string): Env {
  const own = env["SCANMESH_TLS_CERT"] || env["SCANMESH_TLS_KEY"] ? {} : { SCANMESH_TLS_CERT: "-", SCANMESH_TLS_KEY: "-" };
  return { SCANMESH_AUTH: env["SCANMESH_AUTH"] || (isLoopback(host) ? "off" : "keys"), SCANMESH_TLS_HOST: host, ...own };
}

function agentDefaults(env: Env, home: string): Env {
  return {
    SCANMESH_AGENT_ID: env["SCANMESH_AGENT_ID"] || "local-isolated",
    SCANMESH_SPOOL: env["SCANMESH_SPOOL"] || join(home, "spool"),
    SCANMESH_FETCH_DIR: env["SCANMESH_FETCH_DIR"] || join(home, "fetched"),
    // The agent starts beside the gateway: announced again soon if the gateway was not there yet.
    SCANMESH_HEARTBEAT: env["SCANMESH_HEARTBEAT"] || "2s",
    // Ctrl-C ends everything within 10 s; what the agent has not finished by then is delivered again at the next start.
    SCANMESH_DRAIN_GRACE: env["SCANMESH_DRAIN_GRACE"] || "3s",
  };
}

function externalNats(
  values: Readonly<Partial<Record<"NATS_URL" | (typeof CREDENTIALS)[number], string | undefined>>>,
): NatsAccess | undefined {
  const { NATS_URL: url, SCANMESH_NATS_CREDS: agentCreds } = values;
  const { SCANMESH_NATS_ISOLATED_CREDS: gatewayIsolatedCreds, SCANMESH_NATS_INTERNET_CREDS: gatewayInternetCreds } = values;
  const isComplete =
    url !== undefined && agentCreds !== undefined && gatewayIsolatedCreds !== undefined && gatewayInternetCreds !== undefined;
  return isComplete ? { url, agentCreds, gatewayIsolatedCreds, gatewayInternetCreds } : undefined;
}

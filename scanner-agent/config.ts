import { availableParallelism, hostname, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { InternetClass } from "../schema/classes.js";
import { agentId as agentIdType } from "../schema/message-fields.js";
import {
  anyText,
  commaList,
  duration,
  durationBetween,
  filePath,
  folderPath,
  integer,
  oneOf,
  readSettings,
  size,
} from "../schema/settings.js";
import { sharedSettings } from "../schema/shared-settings.js";

/** An address as Docker's own client takes it; but not over SSH, since the client library believes every host's key. */
const dockerHost = z
  .string()
  .regex(/^(unix:\/\/\/|(tcp|https?|ssh):\/\/)[^\s]+$/, "needs an address such as unix:///run/docker.sock or tcp://host:2376")
  .refine(
    (address) => !address.startsWith("ssh:"),
    "ssh:// is not taken: forward the socket (ssh -N -L /run/far.sock:/var/run/docker.sock HOST) and name unix:///run/far.sock",
  )
  .describe("address");

/** How the Docker or Podman daemon is reached. */
export interface DockerAddress {
  /** Undefined: the local daemon's socket. */
  readonly host: string | undefined;
  /** A folder with ca.pem, cert.pem and key.pem, for TLS. */
  readonly certificates: string | undefined;
  readonly tls: boolean;
}

/** Every setting of the agent; docs/run/settings.md is made from this list. */
export const agentSettings = {
  NATS_URL: sharedSettings.NATS_URL,
  LOG_LEVEL: sharedSettings.LOG_LEVEL,
  SCANMESH_CLASS: {
    type: oneOf(["isolated", "internet"]),
    fallback: "isolated",
    example: "internet",
    about: "Internet class of the engines this agent runs.",
  },
  SCANMESH_NATS_CREDS: {
    type: filePath,
    shown: "none",
    example: "/etc/scanmesh/agent.creds",
    about: "Credentials file of the agent's user in the account of its class; needed unless NATS asks for none.",
  },
  SCANMESH_AGENT_ID: {
    type: agentIdType.describe("name"),
    shown: "`<host name>-<class>`",
    example: "rack-2-isolated",
    about: "Name of the agent, unique in the mesh.",
  },
  SCANMESH_SPOOL: {
    type: folderPath,
    shown: "a private folder under the system's temporary one",
    example: "/var/lib/scanmesh/agent/spool",
    about: "Folder of the samples being scanned.",
  },
  SCANMESH_SAMPLE_IN_MEMORY: {
    type: size,
    fallback: "1MiB",
    example: "4MiB",
    about: "Largest sample that is kept in memory for engines that need no file; others are files in `SCANMESH_SPOOL`.",
  },
  SCANMESH_SAMPLES_MEMORY: {
    type: size,
    fallback: "64MiB",
    example: "256MiB",
    about: "Memory for such samples, all together; while it is taken, further ones are files.",
  },
  SCANMESH_ENGINES_DIR: {
    type: folderPath,
    example: "/etc/scanmesh/engines",
    about: "Folder of further engine manifests (`*.yaml`).",
  },
  SCANMESH_ENGINES: {
    type: commaList,
    fallback: "",
    shown: "those that are on in their manifests and in the engines file",
    example: "Yara,ClamAV",
    about: "The only engines to run, by name; engines that are off by default may be named too.",
  },
  SCANMESH_ENGINES_FILE: {
    type: filePath,
    example: "/etc/scanmesh/engines.yaml",
    about: "YAML file that turns engines on or off here and sets their slots, limits and timeouts (see docs/run/engines.md).",
  },
  SCANMESH_CLAMAV_DB: {
    type: folderPath,
    shown: "`/var/lib/clamav`",
    example: "/var/lib/scanmesh/agent/signatures/current",
    about: "Folder of ClamAV's signatures.",
  },
  SCANMESH_YARA_RULES: {
    type: folderPath,
    example: "/etc/scanmesh/rules",
    about: "Folder of further Yara rules (`*.yar`, `*.yara`), with its subfolders.",
  },
  SCANMESH_HEARTBEAT: {
    type: durationBetween("500ms", "100s"),
    fallback: "5s",
    example: "2s",
    about: "Time between heartbeats; after three missed ones the agent counts as gone.",
  },
  SCANMESH_SECRETS: {
    type: folderPath,
    fallback: "/run/secrets",
    example: "/etc/scanmesh/secrets",
    about: "Folder of the secrets that engines in containers need (licences, keys), a file each.",
  },
  DOCKER_HOST: {
    type: dockerHost,
    shown: "`unix:///var/run/docker.sock`",
    example: "unix:///run/user/1000/podman/podman.sock",
    about: "The Docker or Podman daemon that runs engines in containers.",
  },
  DOCKER_TLS_VERIFY: {
    type: anyText.describe("any text"),
    example: "1",
    about: "If set, the agent speaks TLS to the daemon. `DOCKER_CERT_PATH` does the same.",
  },
  DOCKER_CERT_PATH: {
    type: folderPath,
    example: "/etc/scanmesh/docker",
    about: "Folder with `ca.pem`, `cert.pem` and `key.pem` for the daemon.",
  },
  SCANMESH_ACK_WAIT: sharedSettings.SCANMESH_ACK_WAIT,
  SCANMESH_DRAIN_GRACE: {
    type: duration,
    fallback: "20s",
    example: "40s",
    about: "How long a stopping agent finishes what it has before it hands the rest back.",
  },
  SCANMESH_RETEST: {
    type: duration,
    fallback: "30s",
    example: "5m",
    about: "Longest time between two tests of an unhealthy engine, and between two looks for new signatures.",
  },
  SCANMESH_SLOTS: {
    type: integer(1, 256),
    shown: "the number of cores",
    example: "4",
    about: "How many samples an engine scans at once, where its manifest does not say.",
  },
} as const;

/** The agent's configuration. Times are in milliseconds. */
export interface AgentConfig {
  readonly servers: readonly string[];
  readonly credsFile: string | undefined;
  readonly logLevel: string;
  readonly internet: InternetClass;
  readonly agent: string;
  readonly host: string;
  /** This agent's own folder; nobody else writes there. */
  readonly spool: string;
  /** How much of samples is kept in memory, in bytes: of one, and of all. */
  readonly sampleMemory: { readonly largest: number; readonly total: number };
  readonly enginesFolder: string | undefined;
  /** The only engines to run; empty: all that are on. */
  readonly engines: readonly string[];
  /** What this host says of its engines. */
  readonly enginesFile: string | undefined;
  readonly clamavDb: string | undefined;
  readonly yaraRules: string | undefined;
  /** Where engines' secrets are, a file each. */
  readonly secretsFolder: string;
  readonly docker: DockerAddress;
  readonly heartbeatMs: number;
  readonly ackWaitMs: number;
  readonly drainGraceMs: number;
  readonly retestMs: number;
  readonly slots: number;
  /** Where programs are looked for, as PATH has it. */
  readonly programPath: string;
}

/** Reads the agent's configuration. Throws ConfigError with all mistakes at once. */
export function readAgentConfig(env: Readonly<Record<string, string | undefined>> = process.env): AgentConfig {
  const values = readSettings(agentSettings, env);
  const internet = values.SCANMESH_CLASS;
  const agent = values.SCANMESH_AGENT_ID ?? defaultAgentId(hostname(), internet);
  const spools = values.SCANMESH_SPOOL ?? join(tmpdir(), `scanmesh-${userInfo().uid}`);
  return {
    servers: values.NATS_URL.split(",").map((server) => server.trim()),
    credsFile: values.SCANMESH_NATS_CREDS,
    logLevel: values.LOG_LEVEL,
    internet,
    agent,
    host: hostname().slice(0, 255),
    spool: resolve(spools, agent),
    sampleMemory: { largest: values.SCANMESH_SAMPLE_IN_MEMORY, total: values.SCANMESH_SAMPLES_MEMORY },
    enginesFolder: values.SCANMESH_ENGINES_DIR,
    engines: values.SCANMESH_ENGINES,
    enginesFile: values.SCANMESH_ENGINES_FILE,
    clamavDb: values.SCANMESH_CLAMAV_DB,
    yaraRules: values.SCANMESH_YARA_RULES,
    secretsFolder: values.SCANMESH_SECRETS,
    docker: {
      host: values.DOCKER_HOST,
      certificates: values.DOCKER_CERT_PATH,
      tls: values.DOCKER_TLS_VERIFY !== undefined || values.DOCKER_CERT_PATH !== undefined,
    },
    heartbeatMs: values.SCANMESH_HEARTBEAT,
    ackWaitMs: values.SCANMESH_ACK_WAIT,
    drainGraceMs: values.SCANMESH_DRAIN_GRACE,
    retestMs: values.SCANMESH_RETEST,
    slots: values.SCANMESH_SLOTS ?? availableParallelism(),
    programPath: env["PATH"] ?? "",
  };
}

/** `<host>-<class>` with what an id cannot hold replaced by `-`. */
export function defaultAgentId(host: string, internet: InternetClass): string {
  const suffix = `-${internet}`;
  return host.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64 - suffix.length) + suffix;
}

import { availableParallelism, hostname, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { bundleSettings, readBundleConfig, type BundleConfig } from "./bundles/config.js";
import { defaultAgentId } from "../schema/agent-name.js";
import type { InternetClass } from "../schema/classes.js";
import { agentId as agentIdType } from "../schema/message-fields.js";
import { projectPath } from "../schema/paths.js";
import {
  ConfigError,
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
import { fetchSettings, toFetchSettings, type FetchSettings } from "./fetcher/config.js";
import { dockerSettings, readDockerAddress, type DockerAddress } from "./runners/container/config.js";

/** Every setting of the agent; docs/run/settings.md is made from this list. */
export const agentSettings = {
  NATS_URL: sharedSettings.NATS_URL,
  SCANMESH_NATS_CA: sharedSettings.SCANMESH_NATS_CA,
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
    about:
      "Credentials file of a user that the agents of its class share; an agent that has joined a mesh has credentials of its own.",
  },
  SCANMESH_IDENTITY: {
    type: folderPath,
    shown: "`.scanmesh/agents` in the clone",
    example: "/var/lib/scanmesh/identity",
    about: "Folder of the agents that have joined a mesh from this host, a folder with its key for each.",
  },
  SCANMESH_JOIN_TOKEN_FILE: {
    type: filePath,
    example: "/run/scanmesh/join-token",
    about: "File with a join token, by which an agent joins that has not yet, as soon as the file is there.",
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
  ...bundleSettings,
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
  ...dockerSettings,
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
  ...fetchSettings,
} as const;

/** An agent that has joined a mesh. */
export interface JoinedAgent {
  /** Where its key is. */
  readonly folder: string;
  readonly credsFile: string;
  /** The address of the gateway by which it joined. */
  readonly gateway: string;
  readonly agent: string;
  readonly internet: InternetClass;
  readonly servers: readonly string[];
  /** The authorities (PEM) by which it knows gateways and NATS; undefined: those that Node knows. */
  readonly authority: string | undefined;
}

/** The agent's configuration. Times are in milliseconds. */
export interface AgentConfig {
  readonly servers: readonly string[];
  /** File of the authorities of NATS's certificate; undefined: what the mesh has named, else those that Node knows. */
  readonly natsCaFile: string | undefined;
  readonly credsFile: string | undefined;
  /** Undefined: it shares the credentials of its class. */
  readonly joined: JoinedAgent | undefined;
  /** Where the identity of this agent is, or would be. */
  readonly identityFolder: string;
  readonly joinTokenFile: string | undefined;
  /** What the settings say that an agent which joins is to be. */
  readonly wanted: { readonly agent: string | undefined; readonly internet: InternetClass | undefined };
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
  readonly bundles: BundleConfig;
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
  readonly fetch: FetchSettings;
}

/** Reads the agent's configuration. Throws ConfigError with all mistakes at once. */
export function readAgentConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  joined?: JoinedAgent,
): AgentConfig {
  const values = readSettings(agentSettings, env);
  const wanted = { agent: values.SCANMESH_AGENT_ID, internet: env["SCANMESH_CLASS"] ? values.SCANMESH_CLASS : undefined };
  if (joined) checkWanted(wanted, joined);
  const internet = joined?.internet ?? values.SCANMESH_CLASS;
  const agent = joined?.agent ?? wanted.agent ?? defaultAgentId(hostname(), internet);
  const identities = values.SCANMESH_IDENTITY ?? projectPath(".scanmesh", "agents");
  const spools = values.SCANMESH_SPOOL ?? join(tmpdir(), `scanmesh-${userInfo().uid}`);
  return {
    servers: joined && !env["NATS_URL"] ? joined.servers : values.NATS_URL.split(",").map((server) => server.trim()),
    natsCaFile: values.SCANMESH_NATS_CA,
    credsFile: joined?.credsFile ?? values.SCANMESH_NATS_CREDS,
    joined,
    identityFolder: resolve(identities, wanted.agent ?? hostname().replaceAll(/[^A-Za-z0-9_-]/g, "-")),
    joinTokenFile: values.SCANMESH_JOIN_TOKEN_FILE,
    wanted,
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
    bundles: readBundleConfig(values),
    secretsFolder: values.SCANMESH_SECRETS,
    docker: readDockerAddress(values),
    heartbeatMs: values.SCANMESH_HEARTBEAT,
    ackWaitMs: values.SCANMESH_ACK_WAIT,
    drainGraceMs: values.SCANMESH_DRAIN_GRACE,
    retestMs: values.SCANMESH_RETEST,
    slots: values.SCANMESH_SLOTS ?? availableParallelism(),
    programPath: env["PATH"] ?? "",
    fetch: toFetchSettings(values),
  };
}

/** Whether a container that runs the agent's image has a folder for the agent's key. */
export function readContainerConfig(env: Readonly<Record<string, string | undefined>> = process.env): {
  readonly keepsKey: boolean;
} {
  return { keepsKey: Boolean(env["SCANMESH_IDENTITY"]) };
}

/** Throws ConfigError where the settings name another agent than the one that has joined. */
function checkWanted({ agent, internet }: AgentConfig["wanted"], joined: JoinedAgent): void {
  const mistakes: string[] = [];
  const leave = "run npm run agent -- leave first, or leave the setting out";
  if (agent !== undefined && agent !== joined.agent)
    mistakes.push(`SCANMESH_AGENT_ID: is ${agent}, but the agent has joined as ${joined.agent}: ${leave}`);
  if (internet !== undefined && internet !== joined.internet)
    mistakes.push(`SCANMESH_CLASS: is ${internet}, but the agent has joined the class ${joined.internet}: ${leave}`);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}

/** The whole mesh on one machine: the order in which its parts start and stop. */

import { realpath, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentReady } from "../schema/lifecycle.js";
import type { EnginePresence } from "../schema/presence.js";
import { formatJoinToken } from "../schema/join-token.js";
import { projectPath } from "../schema/paths.js";
import type { NatsAccess, StandaloneConfig } from "./config.js";
import { hostOf, localAddress, portNote, requirePorts } from "./gateway-address.js";
import type { GuardedServer } from "./guarded-server.js";
import { joinKeysText, readJoinSecrets } from "./join-secrets.js";
import { makeKeys } from "./keys.js";
import { openAddresses, openCertificate, type KeptCertificate } from "./listening.js";
import { checkRoom, MIB, shareRoom } from "./nats-share.js";
import { natsRoom, startNats, takesReloadRequests, type Nats } from "./nats.js";
import { startPart, type Part, type PartCommand } from "./part.js";
import { startPostgres } from "./postgres.js";
import { restartStalledNats } from "./stalled-nats.js";
import type { OpenAddresses } from "./summary.js";
import { hasRoom, supervise, type Running } from "./supervise.js";
import type { Progress } from "./progress.mjs";
import { OperatorError } from "../schema/operator-error.js";

/** How long the gateway and the agent may take to end; Postgres and NATS have a limit of their own. */
const PART_STOP_TIMEOUT_MS = 5_000;
/** The same once NATS or Postgres is gone: they can hand back nothing, and what they leave undone is repaired at the next start. */
const STRANDED_STOP_TIMEOUT_MS = 1_000;

/** What a started mesh consists of. */
export interface RunningMesh {
  readonly url: string;
  /** How other hosts reach it, if they do. */
  readonly open: OpenAddresses | undefined;
  readonly engines: readonly EnginePresence[];
  /** What is wrong with manifests and with the choice of engines, a line each. */
  readonly mistakes: readonly string[];
}

/** A mesh that can be started once. */
export interface Mesh {
  /** Starts everything and reports each step. Throws {@link OperatorError}; call `stop` then too, for what runs by then. */
  start(progress: Progress): Promise<RunningMesh>;
  /** Whether anything was started that is to be stopped. */
  hasStarted(): boolean;
  /** Resolves when a part ends that nobody stopped, unless its disk was full: such a part is started again once there is room. */
  readonly failure: Promise<OperatorError>;
  /** Stops everything that runs, also in the middle of a start. */
  stop(): Promise<void>;
}

/** A mesh of the given configuration, not yet started. */
export function createMesh(config: StandaloneConfig): Mesh {
  const parts: Part[] = [];
  const servers: Promise<GuardedServer>[] = [];
  let stopping = false;
  let partLimitMs = PART_STOP_TIMEOUT_MS;
  let fail: (error: OperatorError) => void;
  const failure = new Promise<OperatorError>((resolve) => (fail = resolve));
  const logFile = (name: string) => join(config.home, "logs", `${name}.log`);

  const restarting = new Set<Running>();
  let tell: (line: string) => void = () => {};
  let nats: Nats | undefined;
  let certificate: KeptCertificate | undefined;
  let unfollow: (() => void) | undefined;
  /** Of the token by which the agent joins; undefined with a NATS that is not ours. */
  let joinSecret: Buffer | undefined;
  const tokenFile = join(config.home, "join-token");

  /** The mesh ends with any of its parts, unless a full disk has ended it. `dir` is on that disk. */
  const watch = <T extends Running>(name: string, dir: string, part: T, start: () => Promise<T>, onEnd?: () => void) => {
    const room = { hasRoom: () => hasRoom(dir), isRestarting: (one: T) => restarting.delete(one) };
    const supervision = { name, start, ...room, isStopping: () => stopping, tell: (line: string) => tell(line) };
    supervise(part, supervision).then(
      (reason) => {
        if (reason === undefined) return;
        onEnd?.();
        fail(reason);
      },
      (error: unknown) => fail(new OperatorError(`The ${name} cannot be watched: ${String(error)}`, { cause: error })),
    );
  };

  const startServer = async <T extends GuardedServer>(name: string, dir: string, start: () => Promise<T>): Promise<T> => {
    const begin = () => {
      const starting = start();
      servers.push(starting);
      return starting;
    };
    const server = await begin();
    watch(name, dir, server, begin, () => (partLimitMs = STRANDED_STOP_TIMEOUT_MS));
    return server;
  };

  const restartNats = async (): Promise<void> => {
    if (nats === undefined || stopping) return;
    tell("NATS stores nothing although its disk has room: nats-server is started again.");
    restarting.add(nats);
    await nats.stop();
  };

  const run = (name: string, script: readonly [string, ...string[]], env: PartCommand["env"]): Part => {
    if (stopping) throw new OperatorError(`The ${name} is not started: the mesh is stopping.`);
    const part = startPart({ name, script, env, logFile: logFile(name) });
    parts.push(part);
    return part;
  };

  const postgres = async (): Promise<{ url: string; note: string }> => {
    const dir = join(config.home, "postgres");
    const { url, folder } = await startServer("Postgres", dir, () => startPostgres({ dir, logFile: logFile("postgres") }));
    return {
      url,
      note: folder === (await realpath(config.home).then((home) => join(home, "postgres"))) ? "" : `, data in ${folder}`,
    };
  };

  const startBus = async (): Promise<Bus> => {
    const keys = await makeKeys(join(config.home, "keys"));
    const dir = join(config.home, "nats");
    const room = await natsRoom(dir);
    const { scansMax, bundlesMax } = shareRoom(room.reservable, config.bundlesMax);
    checkRoom(dir, room, {
      scansMaxBytes: config.scansMax ?? scansMax * MIB,
      samplesMaxBytes: config.samplesMax ?? -1,
      bundlesMaxBytes: config.bundlesMax ?? bundlesMax * MIB,
    });
    const { listening } = config;
    const open = listening &&
      certificate && { ...listening, port: listening.natsPort, name: certificate.name, tls: certificate.files };
    const { url } = await startServer("nats-server", dir, async () => {
      const started = await startNats({ dir, keys, room, open, logFile: logFile("nats") });
      nats = started;
      return started;
    });
    const { gateway, agent, resolver } = keys.creds;
    const accountFiles = {
      SCANMESH_NATS_SYSTEM_CREDS: resolver,
      SCANMESH_NATS_ACCOUNTS_KEY: keys.signing.accounts,
      SCANMESH_NATS_AGENTS_KEY: keys.signing.agents,
      SCANMESH_JOIN_KEYS: join(keys.dir, "join-keys.json"),
      SCANMESH_BUNDLE_KEY: keys.signing.bundles,
    };
    await writeFile(accountFiles.SCANMESH_JOIN_KEYS, await joinKeysText(keys), { mode: 0o600 });
    joinSecret = (await readJoinSecrets(keys.dir)).isolated;
    const creds = { gatewayIsolatedCreds: gateway.isolated, gatewayInternetCreds: gateway.internet, agentCreds: agent.isolated };
    const reached = listening ? { SCANMESH_AGENT_NATS_URL: openAddresses(listening).nats } : {};
    const limits = { SCANMESH_SCANS_MAX: `${scansMax}MiB`, SCANMESH_BUNDLES_MAX: `${bundlesMax}MiB` };
    return { url, ...creds, accountFiles, defaults: { ...limits, ...reached } };
  };

  const migrate = (env: PartCommand["env"]) =>
    run("migrations", [projectPath("dist", "gateway", "main.js"), "migrate"], env).success();

  const gateway = async (env: PartCommand["env"]): Promise<string> => {
    const script = [projectPath("dist", "gateway", "main.js")] as const;
    const part = run("gateway", script, env);
    const { url } = await part.message("listening");
    await writeToken(url);
    watch("gateway", config.home, part, async () => {
      const next = run("gateway", script, { ...env, PORT: new URL(url).port });
      await next.message("listening");
      return next;
    });
    if (nats !== undefined) {
      const dir = join(config.home, "nats");
      void restartStalledNats(url, { isStopping: () => stopping, hasRoom: () => hasRoom(dir), restart: restartNats });
    }
    return url;
  };

  /** The agent joins as all others do, by a token that is written once the gateway's address is known. */
  const agentAccess = async (bus: Bus): Promise<PartCommand["env"]> => {
    if (joinSecret === undefined) return { SCANMESH_NATS_CREDS: bus.agentCreds };
    await rm(tokenFile, { force: true });
    return {
      SCANMESH_NATS_CREDS: undefined,
      SCANMESH_JOIN_TOKEN_FILE: tokenFile,
      SCANMESH_IDENTITY: join(config.home, "agents"),
    };
  };

  const writeToken = async (url: string): Promise<void> => {
    if (joinSecret === undefined) return;
    const token = formatJoinToken({ gateway: localAddress(url), secret: joinSecret });
    await writeFile(`${tokenFile}.new`, token, { mode: 0o600 });
    await rename(`${tokenFile}.new`, tokenFile);
  };

  const agent = async (env: PartCommand["env"]): Promise<AgentReady> => {
    const script = [projectPath("dist", "scanner-agent", "main.js")] as const;
    const part = run("agent", script, env);
    const ready = await part.message("ready");
    watch("agent", config.home, part, async () => {
      const next = run("agent", script, env);
      await next.message("ready");
      return next;
    });
    return ready;
  };

  /** Once: each time it ends the connections of its clients. */
  const reloadNats = (): void => {
    if (nats !== undefined && !takesReloadRequests(nats.version)) nats.reload();
  };

  return {
    failure,
    async start({ step, line }) {
      tell = line;
      await requirePorts(config);
      certificate = config.listening && (await openCertificate(join(config.home, "tls"), config.listening));
      const [databaseUrl, bus] = await Promise.all([
        config.databaseUrl === undefined
          ? step("Postgres", postgres, ({ url, note }) => hostOf(url) + note).then(({ url }) => url)
          : config.databaseUrl,
        config.nats ?? step("NATS", startBus, ({ url }) => hostOf(url)),
      ]);
      const env = { ...gatewayEnvironment(config, databaseUrl, bus), ...certificateSettings(config, certificate) };
      await step("Migrations", () => migrate(env));
      const { SCANMESH_NATS_CA } = env;
      const agentEnv = { ...config.agentEnv, NATS_URL: bus.url, SCANMESH_NATS_CA, ...(await agentAccess(bus)) };
      const [url, { engines, mistakes }] = await Promise.all([
        step(
          "Gateway",
          () => gateway(env),
          (address) => address + portNote(config, address),
        ),
        step(
          "Agent",
          () => agent(agentEnv),
          ({ engines: tested }) => healthyNames(tested),
        ),
      ]);
      unfollow = certificate?.follow(reloadNats, line);
      const { cert, ca: authority } = certificate?.files ?? {};
      const open = config.listening && { ...openAddresses(config.listening), certificate: cert, authority };
      return { url, open, engines, mistakes };
    },
    hasStarted: () => servers.length + parts.length > 0,
    async stop() {
      stopping = true;
      unfollow?.();
      await Promise.all(parts.map((part) => part.stop(partLimitMs)));
      // One that did not start has nothing to stop, and `start` has thrown its error.
      const started = await Promise.allSettled(servers);
      await Promise.all(started.map((server) => (server.status === "fulfilled" ? server.value.stop() : undefined)));
    },
  };
}

/** How NATS is reached, and what the gateway's settings are by default because of it. */
interface Bus extends NatsAccess {
  readonly defaults?: Readonly<Record<string, string>>;
  /** The gateway's settings by which it gives agents accounts. */
  readonly accountFiles?: Readonly<Record<string, string>>;
}

function gatewayEnvironment({ gatewayEnv }: StandaloneConfig, databaseUrl: string, bus: Bus): PartCommand["env"] {
  return {
    ...bus.defaults,
    ...gatewayEnv,
    DATABASE_URL: databaseUrl,
    NATS_URL: bus.url,
    SCANMESH_NATS_ISOLATED_CREDS: bus.gatewayIsolatedCreds,
    SCANMESH_NATS_INTERNET_CREDS: bus.gatewayInternetCreds,
    ...bus.accountFiles,
  };
}

/** The settings of the gateway and the agent that name the certificate. */
function certificateSettings(
  { nats }: StandaloneConfig,
  certificate: KeptCertificate | undefined,
): Readonly<Record<string, string>> {
  if (!certificate) return {};
  const { ca, cert, key } = certificate.files;
  const authority = ca === undefined ? {} : { SCANMESH_TLS_CA: ca };
  const ofNats = ca === undefined || nats !== undefined ? {} : { SCANMESH_NATS_CA: ca };
  return { SCANMESH_TLS_CERT: cert, SCANMESH_TLS_KEY: key, ...authority, ...ofNats };
}

function healthyNames(engines: readonly EnginePresence[]): string {
  const names = engines.filter(({ healthy }) => healthy).map(({ name }) => name);
  return names.join(", ");
}

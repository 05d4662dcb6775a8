/** A mesh for one test file: a database and a nats-server of its own, and gateways and agents as the tests want them. */

import { fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { openCaller } from "../../gateway/caller.js";
import { readGatewayConfig, type GatewayConfig } from "../../gateway/config.js";
import type { Database } from "../../gateway/db/database.js";
import { createGateway, type Gateway } from "../../gateway/gateway.js";
import type { InternetClass } from "../../schema/classes.js";
import type { LifecycleMessage } from "../../schema/lifecycle.js";
import { projectPath } from "../../schema/paths.js";
import { makeCertificates } from "../../standalone/certificates.js";
import { makeKeys, type Keys } from "../../standalone/keys.js";
import { startNats, type Nats } from "../../standalone/nats.js";
import { freePort } from "../../standalone/ports.js";
import { openTestDatabase } from "./database.js";
import { keepLogged, TEST_LOG, testLog } from "./log.js";
import { PROBE } from "./process-usage.js";
import { until } from "./until.js";

export { until } from "./until.js";

/** Who calls verbs directly. */
export const TESTER = openCaller("127.0.0.1", "test");

type Env = Readonly<Record<string, string>>;

/** A gateway in this process. */
export interface LocalGateway extends Gateway {
  readonly url: string;
}

/** A gateway or agent as a process of its own. */
export interface Part {
  readonly process: ChildProcess;
  /** Where a gateway listens; empty for an agent. */
  readonly url: string;
  /** Everything it has logged. */
  log(): string;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface Stage {
  readonly folder: string;
  readonly keys: Keys;
  readonly databaseUrl: string;
  readonly db: Database;
  nats(): Nats;
  /** Stops nats-server by a signal and starts it again on the same port; `wipe` empties its store between. */
  restartNats(signal: NodeJS.Signals, options?: { wipe?: boolean }): Promise<void>;
  stopNats(): Promise<void>;
  startNats(): Promise<void>;
  gateway(env?: Env): Promise<LocalGateway>;
  /** `probed` gateways answer `usageOf` (test/stage/process-usage.ts). `stdout` is where the log goes, instead of to the test. */
  gatewayProcess(env?: Env, options?: { probed?: boolean; stdout?: number }): Promise<Part>;
  /** An agent as a process; `engines` are manifests by file name, instead of those that come with the product. */
  agentProcess(options?: {
    id?: string;
    internet?: InternetClass;
    engines?: Record<string, string>;
    env?: Env;
    stdout?: number;
  }): Promise<Part>;
  config(env?: Env): GatewayConfig;
  stop(): Promise<void>;
}

/** Settings that make tests quick: everything else is the product's default. */
const QUICK: Env = {
  PORT: "0",
  LOG_LEVEL: TEST_LOG ?? "warn",
  SCANMESH_ACK_WAIT: "1s",
  // Idle gateways of tests that run side by side would take a quarter of a core for sweeps that come more often.
  SCANMESH_SWEEP_INTERVAL: "250ms",
  SCANMESH_ORPHAN_GRACE: "30s",
  // NATS reserves it twice for each of many gateways.
  SCANMESH_BUNDLES_MAX: "256MiB",
};
const AGENT: Env = {
  LOG_LEVEL: TEST_LOG ?? "warn",
  SCANMESH_ACK_WAIT: "1s",
  // An agent counts as gone after three: on a busy machine a process may stand still for a second.
  SCANMESH_HEARTBEAT: "2s",
  SCANMESH_DRAIN_GRACE: "5s",
};

/** Names in the certificate of a stage with TLS. */
export const TLS_NAMES = ["127.0.0.1", "scan.example.org"];

/** Made before the tests; they are read and checked once in each process. */
let runKeys: Promise<Keys> | undefined;

/** With `tls` NATS and gateways have a certificate, in the folder `tls`. `postgresUrl` is a Postgres of the test's own, for tests that stop it. */
export async function startStage({ postgresUrl, tls = false }: { postgresUrl?: string; tls?: boolean } = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "scanmesh-stage-"));
  chmodSync(folder, 0o755);
  const keys = await (runKeys ??= makeKeys(inject("keysDir")));
  const { url: databaseUrl, db, close: closeDatabase } = await openTestDatabase(postgresUrl);
  const files = tls ? await makeCertificates(join(folder, "tls"), TLS_NAMES) : undefined;
  const open = files && { host: "127.0.0.1", port: await freePort(), name: "127.0.0.1", tls: files };
  let nats = await startNats({ dir: join(folder, "nats"), keys, open });
  const port = Number(new URL(nats.url).port);
  const stops: (() => Promise<void>)[] = [];

  const env = (extra: Env = {}) => ({
    ...QUICK,
    DATABASE_URL: databaseUrl,
    NATS_URL: nats.url,
    SCANMESH_NATS_ISOLATED_CREDS: keys.creds.gateway.isolated,
    SCANMESH_NATS_INTERNET_CREDS: keys.creds.gateway.internet,
    SCANMESH_NATS_SYSTEM_CREDS: keys.creds.resolver,
    SCANMESH_NATS_ACCOUNTS_KEY: keys.signing.accounts,
    SCANMESH_NATS_AGENTS_KEY: keys.signing.agents,
    SCANMESH_BUNDLE_KEY: keys.signing.bundles,
    ...(files
      ? {
          SCANMESH_NATS_CA: files.ca,
          SCANMESH_TLS_CERT: files.cert,
          SCANMESH_TLS_KEY: files.key,
          SCANMESH_TLS_CA: files.ca,
          SCANMESH_TLS_HOST: "127.0.0.1",
          SCANMESH_TLS_PORT: "0",
        }
      : {}),
    ...extra,
  });
  const config = (extra: Env = {}) => readGatewayConfig(env(extra));
  const again = async () => {
    nats = await startNats({ dir: join(folder, "nats"), keys, port, open });
  };

  return {
    folder,
    keys,
    databaseUrl,
    db,
    config,
    nats: () => nats,
    stopNats: () => nats.stop(),
    startNats: again,
    async restartNats(signal, { wipe = false } = {}) {
      process.kill(nats.pid, signal);
      await nats.exited;
      if (wipe) rmSync(join(folder, "nats", "store"), { recursive: true, force: true });
      await again();
    },
    async gateway(extra) {
      const settings = config(extra);
      const gateway = await createGateway(settings, testLog("gateway"));
      const url = await gateway.start();
      let stopped: Promise<void> | undefined;
      const stop = () => (stopped ??= gateway.stop());
      stops.push(stop);
      const { bus, samples, accounts } = gateway.context;
      await until("the gateway has its bus", () => bus.connected() && samples.connected() && (accounts?.connected() ?? true));
      return { ...gateway, stop, url };
    },
    async gatewayProcess(extra, { probed = false, stdout } = {}) {
      const part = await startPart("gateway", env(extra), { execArgv: probed ? PROBE : [], stdout });
      stops.push(() => part.kill());
      await until("the gateway has its bus", async () =>
        (await (await fetch(`${part.url}/readyz`)).text()).includes('"status":"ok"'),
      );
      return part;
    },
    async agentProcess({
      id = `agent-${randomUUID().slice(0, 8)}`,
      internet = "isolated",
      engines,
      env: extra = {},
      stdout,
    } = {}) {
      const spool = join(folder, id);
      const own = engines
        ? { SCANMESH_ENGINES_DIR: writeEngines(join(folder, `${id}-engines`), engines), SCANMESH_ENGINES: names(engines) }
        : {};
      const settings = {
        ...AGENT,
        NATS_URL: nats.url,
        SCANMESH_CLASS: internet,
        SCANMESH_AGENT_ID: id,
        SCANMESH_NATS_CREDS: keys.creds.agent[internet],
        SCANMESH_SPOOL: spool,
        ...own,
        ...extra,
      };
      const part = await startPart("scanner-agent", settings, { stdout });
      stops.push(() => part.kill());
      return part;
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
      await closeDatabase();
      await nats.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function names(engines: Record<string, string>): string {
  return Object.values(engines)
    .flatMap((manifest) => /^name: *(\S+)/m.exec(manifest)?.[1] ?? [])
    .join(",");
}

function writeEngines(dir: string, engines: Record<string, string>): string {
  mkdirSync(dir, { recursive: true });
  for (const [file, manifest] of Object.entries(engines)) writeFileSync(join(dir, `${file}.yaml`), manifest);
  return dir;
}

interface PartOptions {
  readonly execArgv?: readonly string[];
  readonly stdout?: number | undefined;
}

async function startPart(room: "gateway" | "scanner-agent", env: Env, options: PartOptions): Promise<Part> {
  const { execArgv = [], stdout = "pipe" } = options;
  const output: string[] = [];
  const hear = (text: string) => {
    output.push(text);
    keepLogged(text);
  };
  const child = fork(projectPath("dist", room, "main.js"), {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    execArgv: [...execArgv],
    stdio: ["ignore", stdout, "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => hear(data.toString()));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const log = () => output.join("");
  const started = await new Promise<LifecycleMessage>((resolve, reject) => {
    child.once("message", resolve);
    void exited.then(() => reject(new Error(`${room} ended before it was ready:\n${log()}`)));
  });
  if (started.kind === "failed") throw new Error(`${room} failed: ${started.message}`);
  return {
    process: child,
    url: started.kind === "listening" ? started.url : "",
    log,
    async kill(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

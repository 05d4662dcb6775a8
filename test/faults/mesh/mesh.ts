/**
 * The mesh under test: Postgres, nats-server, two gateways, two agents with the same isolated engines and one of the internet
 * class, each a process of its own that is started again when it ends.
 */

import { execFile } from "node:child_process";
import { chmod, mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectPath } from "../../../schema/paths.js";
import { makeKeys, type Keys } from "../../../standalone/keys.js";
import { startNats, type Nats } from "../../../standalone/nats.js";
import { startPostgres, type Postgres } from "../../../standalone/postgres.js";
import { freePort } from "../../../standalone/ports.js";
import { keep, type Kept } from "./keeper.js";
import { startPart, type Part } from "./part.js";
import { mountSmallDisk, type SmallDisk } from "./small-disk.js";

/** What a case may fill up. */
export type Disk = "nats" | "postgres" | "spool";
const DISK_MIB: Readonly<Record<Disk, number>> = { nats: 128, postgres: 256, spool: 48 };

export const ACK_WAIT_MS = 3_000;
export const SWEEP_MS = 1_000;
const GATEWAY = projectPath("dist", "gateway", "main.js");
const DEADLINE = "60s";

/** A gateway or an agent. */
export interface KeptPart extends Kept<Part> {
  /** Settings of its next start, once. */
  nextStart(env: Readonly<Record<string, string>>): void;
}

export interface Gateway extends KeptPart {
  readonly url: string;
}

export interface Mesh {
  readonly folder: string;
  readonly keys: Keys;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly postgres: Kept<Postgres>;
  readonly nats: Kept<Nats>;
  readonly gateways: readonly [Gateway, Gateway];
  /** Two with the engines Canary and Hasher; they share everything but the host's name. */
  readonly agents: readonly [KeptPart, KeptPart];
  readonly internetAgent: Kept<Part>;
  /** Where the agents keep samples. */
  readonly spools: readonly string[];
  /** What the engine of the internet class has seen: a sha256 in each line. */
  readonly honeypotJournal: string;
  disk(which: Disk): SmallDisk;
  stop(): Promise<void>;
}

/** `disks` are made small; `tell` is told of every process that ended or did not start. */
export async function startMesh(disks: readonly Disk[], tell: (what: string) => void): Promise<Mesh> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-faults-"));
  // Postgres may run as another user.
  await chmod(folder, 0o755);
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  const mounted = new Map<Disk, SmallDisk>();
  async function kept<K extends Kept>(starting: Promise<K>): Promise<K> {
    const part = await starting;
    stops.push(part.stop);
    return part;
  }
  try {
    for (const which of new Set(disks)) {
      const disk = await mountSmallDisk(join(folder, which), DISK_MIB[which]);
      mounted.set(which, disk);
      stops.push(disk.unmount);
    }
    const logs = join(folder, "logs");
    await mkdir(logs);
    const keys = await makeKeys(join(folder, "keys"));
    const [postgresPort, natsPort] = [await freePort(), await freePort()];
    const postgres = await kept(
      keep(
        "postgres",
        () => startPostgres({ dir: join(folder, "postgres"), port: postgresPort, logFile: join(logs, "postgres.log") }),
        tell,
      ),
    );
    const nats = await kept(
      keep("nats", () => startNats({ dir: join(folder, "nats"), keys, port: natsPort, logFile: join(logs, "nats.log") }), tell),
    );
    const databaseUrl = postgres.current()?.url ?? "";
    const natsUrl = nats.current()?.url ?? "";
    const shared = { NATS_URL: natsUrl, LOG_LEVEL: "warn", SCANMESH_ACK_WAIT: `${ACK_WAIT_MS}ms` };

    const gatewayEnv = () => ({
      ...shared,
      DATABASE_URL: databaseUrl,
      SCANMESH_NATS_ISOLATED_CREDS: keys.creds.gateway.isolated,
      SCANMESH_NATS_INTERNET_CREDS: keys.creds.gateway.internet,
      SCANMESH_DEADLINE: DEADLINE,
      SCANMESH_SWEEP_INTERVAL: `${SWEEP_MS}ms`,
      SCANMESH_ORPHAN_GRACE: "40s",
      SCANMESH_SCANS_MAX: "8MiB",
      SCANMESH_BUNDLES_MAX: "8MiB",
      SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8",
    });

    async function part(name: string, script: readonly [string, ...string[]], env: Record<string, string>): Promise<KeptPart> {
      let once: Readonly<Record<string, string>> = {};
      const start = () => {
        const all = { ...env, ...once };
        once = {};
        return startPart(script, all, join(logs, `${name}.log`));
      };
      const process = await kept(keep(name, start, tell));
      return { ...process, nextStart: (next) => (once = next) };
    }

    async function gateway(name: string): Promise<Gateway> {
      const port = await freePort();
      const process = await part(name, [GATEWAY], { ...gatewayEnv(), PORT: String(port) });
      return { ...process, url: `http://127.0.0.1:${port}` };
    }

    function agent(name: string, internet: "isolated" | "internet", ...args: string[]): Promise<KeptPart> {
      const program = projectPath("dist", "faults", "test", "faults", "mesh", "agent-process.js");
      const env = {
        ...shared,
        SCANMESH_CLASS: internet,
        SCANMESH_AGENT_ID: name,
        SCANMESH_NATS_CREDS: keys.creds.agent[internet],
        SCANMESH_SPOOL: join(folder, "spool"),
        SCANMESH_HEARTBEAT: "1s",
        SCANMESH_RETEST: "2s",
        SCANMESH_DRAIN_GRACE: "3s",
      };
      return part(name, [program, internet, ...args], env);
    }

    await promisify(execFile)(process.execPath, [GATEWAY, "migrate"], { env: { ...process.env, ...gatewayEnv() } });
    const gateways = [await gateway("gateway-1"), await gateway("gateway-2")] as const;
    const honeypotJournal = join(folder, "honeypot.txt");
    const [first, second, internetAgent] = await Promise.all([
      agent("agent-1", "isolated"),
      agent("agent-2", "isolated"),
      agent("agent-internet", "internet", honeypotJournal),
    ]);
    return {
      folder,
      keys,
      databaseUrl,
      natsUrl,
      postgres,
      nats,
      gateways,
      agents: [first, second],
      internetAgent,
      spools: ["agent-1", "agent-2", "agent-internet"].map((name) => join(folder, "spool", name, "samples")),
      honeypotJournal,
      disk(which) {
        const disk = mounted.get(which);
        if (disk === undefined) throw new Error(`the mesh was started without a small disk for ${which}`);
        return disk;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

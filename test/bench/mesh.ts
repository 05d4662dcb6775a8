/** The mesh under test: Postgres, nats-server, a gateway and an agent, each a process of its own, with the product's defaults. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { EnginePresence } from "../../schema/presence.js";
import { projectPath } from "../../schema/paths.js";
import type { Part } from "../../standalone/part.js";
import { FORM, formOf, openApi, Refused, type Api } from "./api.js";
import { engineNames, type OwnEngine } from "./engines.js";
import { watchFinals, type Finals } from "./finals.js";
import { pushThrough, UPLOADS } from "./load.js";
import { processorTime, type Counted, type ProcessorTime } from "./processor-time.js";
import { startServers, type ServersOptions, type Servers } from "./servers.js";
import { openSubscriber, type Subscriber } from "./subscriber.js";

const READY_WITHIN_MS = 30_000;
const RETRY_MS = 200;

/**
 * What an agent runs: one of the bench's own engines, some that are built in, or ClamAV by the product's manifest with the signatures of a folder, as the
 * host's program or as a container of an image.
 */
export type MeshEngine =
  | OwnEngine
  | { readonly builtin: readonly string[] }
  | { readonly signatures: string; readonly image?: string };

/** What takes samples, scans them and says so: the product, or the bare path. */
export interface ScansSamples {
  readonly url: string;
  readonly api: Api;
  readonly finals: Finals;
  readonly servers: Servers;
  /** What a sample is sent as. */
  bodyOf(sample: Uint8Array, name: string): Buffer;
  /** What hears of final scans, over one WebSocket. */
  openSubscriber(): Subscriber;
  /** Its processes; the session that tells which scans are final is none of them. */
  counted(): Counted;
  /** That they have used until now. */
  processorTime(): Promise<ProcessorTime>;
  stop(): Promise<void>;
}

export interface BenchMesh extends ScansSamples {
  readonly postgresUrl: string;
  readonly natsUrl: string;
  /** Credentials file of a user that may do everything in the ISOLATED account. */
  readonly natsCreds: string;
  readonly firstAgent: Part;
  /** Another gateway. */
  startGateway(): { readonly part: Part; listening(): Promise<string> };
  /** Another agent with one engine. */
  startAgent(id: string, engine: MeshEngine): Promise<Part>;
}

export interface MeshOptions extends ServersOptions {
  /** Of gateway and agents, where they are not the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts a mesh with an empty store and waits until it has done its first scan. `first` is scanned for that. */
export async function startMesh(engine: MeshEngine, first: Uint8Array, options: MeshOptions = {}): Promise<BenchMesh> {
  const servers = await startServers(options);
  try {
    const { postgresUrl, natsUrl, creds, folder } = servers;
    const gatewayScript = projectPath("dist", "gateway", "main.js");
    const { isolated, internet } = creds.gateway;
    const gatewayEnv = {
      ...options.settings,
      PORT: "0",
      DATABASE_URL: servers.postgresUrlOfParts,
      SCANMESH_NATS_ISOLATED_CREDS: isolated,
      SCANMESH_NATS_INTERNET_CREDS: internet,
    };
    await servers.run("migrations", [gatewayScript, "migrate"], gatewayEnv).success();
    const startGateway = () => {
      const part = servers.run("gateway", [gatewayScript], gatewayEnv);
      return { part, listening: async () => (await part.message("listening")).url };
    };
    const startAgent = async (id: string, wanted: MeshEngine) => {
      const agentEnv = {
        ...options.settings,
        SCANMESH_NATS_CREDS: creds.agent.isolated,
        SCANMESH_AGENT_ID: id,
        SCANMESH_SPOOL: join(folder, "spool", id),
      };
      const part = servers.run("agent", agentScript(wanted), { ...agentEnv, ...(await engineEnv(wanted, folder)) });
      const { engines } = await part.message("ready");
      checkAlone(engines, namesOf(wanted));
      return part;
    };
    const url = await startGateway().listening();
    const firstAgent = await startAgent("bench", engine);
    const scans = await openScans(servers, {
      url,
      contentType: FORM,
      expected: "signatures" in engine ? "CLEAN" : "INCONCLUSIVE",
      results: namesOf(engine).length,
    });
    scans.finals.sent(await accepted(scans.api, formOf(first, "first")));
    await pushThrough(scans, [], () => undefined);
    const product = {
      bodyOf: (sample: Uint8Array, name: string) => formOf(sample, name),
      openSubscriber: () => openSubscriber(url),
      firstAgent,
      startGateway,
      startAgent,
    };
    return { ...scans, ...product, postgresUrl, natsUrl, natsCreds: isolated };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

/** What the product and the bare path have in common. */
export async function openScans(
  servers: Servers,
  { url, contentType, expected, results }: { url: string; contentType: string; expected: string; results?: number },
): Promise<Omit<ScansSamples, "bodyOf" | "openSubscriber">> {
  const api = openApi(url, UPLOADS, contentType);
  servers.onStop(() => Promise.resolve(api.close()));
  const finals = await watchFinals(servers.postgresUrl, expected, results);
  servers.onStop(finals.close);
  const counted = () => ({ roots: servers.roots(), without: finals.session });
  return { url, api, finals, servers, counted, processorTime: () => processorTime(counted()), stop: servers.stop };
}

/** Any other engine would be measured along with it. */
function checkAlone(engines: readonly EnginePresence[], wanted: readonly string[]): void {
  const running = engines.filter(({ healthy }) => healthy).map(({ name }) => name);
  if (running.toSorted().join() === wanted.toSorted().join()) return;
  const reason = engines.find(({ name }) => wanted.includes(name))?.reason;
  const told = reason ? `: ${reason}` : "";
  throw new Error(`the agent runs ${running.join(", ") || "nothing"} instead of ${wanted.join(" and ")} alone${told}`);
}

function namesOf(engine: MeshEngine): readonly string[] {
  if ("builtin" in engine) return engine.builtin;
  return "own" in engine ? engineNames(engine) : ["ClamAV"];
}

function agentScript(engine: MeshEngine): readonly [string, ...string[]] {
  if (!("own" in engine)) return [projectPath("dist", "scanner-agent", "main.js")];
  return [
    projectPath("dist", "bench", "test", "bench", "agent-process.js"),
    engine.own,
    String(engine.setting),
    String(engine.copies ?? 1),
  ];
}

async function engineEnv(engine: MeshEngine, folder: string): Promise<Record<string, string>> {
  if ("own" in engine) return {};
  if ("builtin" in engine) return { SCANMESH_ENGINES: engine.builtin.join() };
  const file = join(folder, "engines.yaml");
  const { image, signatures } = engine;
  await writeFile(file, `engines:\n  ClamAV: { run: ${image === undefined ? "process" : `container, image: ${image}`} }\n`);
  return { SCANMESH_ENGINES: "ClamAV", SCANMESH_ENGINES_FILE: file, SCANMESH_CLAMAV_DB: signatures };
}

/** An engine that has just been announced may not be in the catalogue yet. */
async function accepted(api: Api, form: Buffer): Promise<number> {
  for (const deadline = performance.now() + READY_WITHIN_MS; ;) {
    try {
      return await api.submit(form);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 503) || performance.now() > deadline) throw error;
    }
    await pause(RETRY_MS);
  }
}

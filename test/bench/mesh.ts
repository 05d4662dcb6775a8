/** The mesh under test: Postgres, nats-server, a gateway and an agent, each a process of its own, with the product's defaults. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { EnginePresence } from "../../schema/messages.js";
import { projectPath } from "../../schema/paths.js";
import { makeKeys } from "../../standalone/keys.js";
import { startNats } from "../../standalone/nats.js";
import { startPart } from "../../standalone/part.js";
import { startPostgres } from "../../standalone/postgres.js";
import { formOf, openApi, Refused, type Api } from "./api.js";
import type { BenchEngine } from "./engines.js";
import { watchFinals, type Finals } from "./finals.js";
import { pushThrough, UPLOADS } from "./load.js";

const PART_PATIENCE_MS = 10_000;
const READY_WITHIN_MS = 30_000;
const RETRY_MS = 200;

/**
 * The one engine of the mesh: one of the bench's own, or ClamAV by the product's manifest with the signatures of a folder, as the
 * host's program or as a container of an image.
 */
export type MeshEngine =
  | { readonly own: BenchEngine; readonly iterationsPerMs: number }
  | { readonly signatures: string; readonly image?: string };

export interface BenchMesh {
  readonly url: string;
  readonly api: Api;
  readonly finals: Finals;
  readonly postgresUrl: string;
  readonly natsUrl: string;
  /** Credentials file of a user that may do everything in the ISOLATED account. */
  readonly natsCreds: string;
  stop(): Promise<void>;
}

/** Starts a mesh with an empty store and waits until it has done its first scan. `first` is scanned for that. */
export async function startMesh(engine: MeshEngine, first: Uint8Array): Promise<BenchMesh> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-"));
  // Postgres may run as another user.
  await chmod(folder, 0o755);
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const postgres = await startPostgres({ dir: join(folder, "postgres") });
    stops.push(postgres.stop);
    const keys = await makeKeys(join(folder, "keys"));
    const nats = await startNats({ dir: join(folder, "nats"), keys });
    stops.push(nats.stop);

    const { PATH, HOME } = process.env;
    const run = (name: string, script: readonly [string, ...string[]], env: Record<string, string>) => {
      const part = startPart({
        name,
        script,
        env: { PATH, HOME, NATS_URL: nats.url, ...env },
        logFile: join(folder, `${name}.log`),
      });
      stops.push(() => part.stop(PART_PATIENCE_MS));
      return part;
    };
    const gatewayScript = projectPath("dist", "gateway", "main.js");
    const { isolated, internet } = keys.creds.gateway;
    const gatewayEnv = {
      PORT: "0",
      DATABASE_URL: postgres.url,
      SCANMESH_NATS_ISOLATED_CREDS: isolated,
      SCANMESH_NATS_INTERNET_CREDS: internet,
    };
    await run("migrations", [gatewayScript, "migrate"], gatewayEnv).success();
    const { url } = await run("gateway", [gatewayScript], gatewayEnv).message("listening");
    const agentEnv = {
      SCANMESH_NATS_CREDS: keys.creds.agent.isolated,
      SCANMESH_AGENT_ID: "bench",
      SCANMESH_SPOOL: join(folder, "spool"),
    };
    const { engines } = await run("agent", agentScript(engine), { ...agentEnv, ...(await engineEnv(engine, folder)) }).message(
      "ready",
    );
    checkAlone(engines, "own" in engine ? engine.own : "ClamAV");

    const api = openApi(url, UPLOADS);
    stops.push(() => Promise.resolve(api.close()));
    const finals = watchFinals(api, "own" in engine ? "INCONCLUSIVE" : "CLEAN");
    finals.sent(await accepted(api, formOf(first, "first")));
    await pushThrough(api, finals, [], () => undefined);
    return { url, api, finals, postgresUrl: postgres.url, natsUrl: nats.url, natsCreds: isolated, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Any other engine would be measured along with it. */
function checkAlone(engines: readonly EnginePresence[], wanted: string): void {
  const running = engines.filter(({ healthy }) => healthy).map(({ name }) => name);
  if (running.join() === wanted) return;
  const reason = engines.find(({ name }) => name === wanted)?.reason;
  throw new Error(`the agent runs ${running.join(", ") || "nothing"} instead of ${wanted} alone${reason ? `: ${reason}` : ""}`);
}

function agentScript(engine: MeshEngine): readonly [string, ...string[]] {
  if (!("own" in engine)) return [projectPath("dist", "scanner-agent", "main.js")];
  return [projectPath("dist", "bench", "test", "bench", "agent-process.js"), engine.own, String(engine.iterationsPerMs)];
}

async function engineEnv(engine: MeshEngine, folder: string): Promise<Record<string, string>> {
  if ("own" in engine) return {};
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

/** Agents with engines in real containers, on a stage's bus. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Manifest } from "../../../schema/manifest.js";
import type { ResultMessage } from "../../../schema/messages.js";
import type { EnginePresence } from "../../../schema/presence.js";
import { belongingsOf, containersOf } from "../../docker/agent-containers.js";
import { requestOf, startAgent, type AgentStage } from "./agent-stage.js";
import { until, type BusStage } from "./bus-stage.js";

/** A shell script that says like clamd of the sample `$1` what `body` makes of it; it finds EICAR before that. */
export function scanner(body = ""): string[] {
  const script = `if grep -q EICAR- "$1"; then printf 'stream: Eicar FOUND\\0'; exit; fi\n${body}\nprintf 'stream: OK\\0'`;
  return ["sh", "-c", script, "scanner", "{file}"];
}

/** An engine in a container, as its manifest has it. */
export function engineManifest(
  name: string,
  container: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    name,
    type: "AV",
    speed: "FAST",
    internet: false,
    slots: 1,
    timeout: "60s",
    output: "clamd",
    run: { container },
    ...more,
  };
}

/** An agent whose engines are these manifests. */
export interface ContainerAgent extends AgentStage {
  engine(name: string): Promise<EnginePresence | undefined>;
  /** Scans with one engine. */
  scan(name: string, bytes: Buffer, timeoutMs?: number): Promise<ResultMessage>;
  /** The ids of its engines' containers, running or not. */
  containers(): Promise<string[]>;
  /** The ids of all that Docker has of it. */
  belongings(): Promise<string[]>;
}

export async function containerAgent(
  stage: BusStage,
  manifests: readonly Record<string, unknown>[],
  env: Record<string, string> = {},
): Promise<ContainerAgent> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-engines-"));
  const parsed = manifests.map((manifest) => Manifest.parse(manifest));
  for (const [n, manifest] of manifests.entries()) await writeFile(join(folder, `${n}.yaml`), JSON.stringify(manifest));
  for (const manifest of parsed) await stage.makeDurable(manifest);
  const names = parsed.map(({ name }) => name);
  const own = await startAgent(stage, undefined, { SCANMESH_ENGINES_DIR: folder, SCANMESH_ENGINES: names.join(","), ...env });
  return {
    ...own,
    engine: async (name) => (await stage.presence(own.config.agent))?.engines.find((one) => one.name === name),
    async scan(name, bytes, timeoutMs = 60_000) {
      const manifest = parsed.find((one) => one.name === name);
      if (manifest === undefined) throw new Error(`there is no engine ${name}`);
      const request = requestOf(await stage.store(bytes), [name], timeoutMs);
      await stage.request(manifest, request);
      return await stage.answer(name, request.scan);
    },
    containers: () => containersOf(own.config.agent),
    belongings: () => belongingsOf(own.config.agent),
    async stop() {
      await own.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until an engine of the agent is healthy. */
export async function healthy(agent: ContainerAgent, name: string): Promise<EnginePresence> {
  return until(`${name} is healthy`, async () => {
    const engine = await agent.engine(name);
    return engine?.healthy ? engine : undefined;
  });
}

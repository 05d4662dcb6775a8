import type { Logger } from "pino";
import type { Connections } from "./agent-connections.js";
import { createBundleReader } from "./bundles/bundle-reader.js";
import { createBundleStore } from "./bundles/bundle-store.js";
import type { AgentConfig } from "./config.js";
import { readFreeMemory } from "./engine/memory.js";
import type { SelfTest } from "./engine/self-test.js";
import type { SwitchingEngine } from "./engine/switching-engine.js";
import { createTrial } from "./engine/trial.js";
import { createBundleImages } from "./runners/container/bundle-images.js";
import type { ContainerHost } from "./runners/container/host.js";
import type { Spool } from "./samples/spool.js";
import { createBundleServer, type BundleServer } from "./work/serve.js";

/** What serving bundles takes of its agent. */
export interface BundleParts {
  readonly spool: Spool;
  readonly containers: ContainerHost;
  readonly selfTest: SelfTest;
  readonly connections: Connections;
  readonly engines: () => readonly SwitchingEngine[];
  readonly onChange: () => void;
  readonly log: Logger;
  readonly overrides: {
    readonly readFree?: (folder: string) => number;
    readonly freeMemory?: () => number;
  };
}

/** What the agent serves of the mesh's bundles, as it was when the agent ran last. */
export async function openBundles(config: AgentConfig, parts: BundleParts): Promise<BundleServer> {
  const { spool, containers, selfTest, connections, engines, onChange, log, overrides } = parts;
  const { folder, limit, bytesPerSecond, testMs } = config.bundles;
  const reader = createBundleReader(() => connections.open("bundles"));
  const { readFree, freeMemory = readFreeMemory } = overrides;
  const store = createBundleStore({ folder, agent: config.agent, limit, bytesPerSecond, reader, readFree, log });
  const images = createBundleImages(containers.daemon, log);
  const trial = await createTrial({ spool, selfTest, cleanMs: testMs, log });
  const server = createBundleServer({ store, images, engines, trial, selfTest, freeMemory, onChange, log });
  await server.restore();
  return server;
}

import type { Logger } from "pino";
import { sizeText } from "../../schema/settings.js";
import type { Bus } from "../bus/bus.js";
import { BundleError } from "../bundles/bundle-error.js";
import type { BundleImages } from "../bundles/bundle-images.js";
import { createBundleReader } from "../bundles/bundle-reader.js";
import { createBundleStore, type BundleStore } from "../bundles/bundle-store.js";
import type { Provision } from "../bundles/provision.js";
import type { ServedByEngine } from "../bundles/served.js";
import type { AgentConfig } from "../config.js";
import { createMemoryRoom, readFreeMemory } from "../engine/memory.js";
import type { SelfTest } from "../engine/self-test.js";
import type { SwitchingEngine } from "../engine/switching-engine.js";
import { createTrial } from "../engine/trial.js";
import { createBundleImages } from "../runners/container/bundle-images.js";
import type { ContainerHost } from "../runners/container/host.js";
import type { Spool } from "../samples/spool.js";
import { NEVER_ABORTED } from "../within.js";
import { createBundleServer, type BundleServer } from "./serve.js";

/** Digits of a digest that people are shown. */
const SHOWN_DIGEST = 12;

/** Where nothing is fetched, none comes or goes. */
const NO_IMAGES: BundleImages = {
  has: () => Promise.resolve(true),
  load: () => Promise.resolve(),
  remove: () => Promise.resolve(false),
};

/** What an agent of this host served when it ran last. */
export interface RecalledBundles {
  readonly provisions: ReadonlyMap<string, Provision>;
  /** What people are told, a line each; the lines of what is wrong are `problems`. */
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** Looks at what is there, without a mesh. */
export async function recallBundles(config: AgentConfig, log: Logger): Promise<RecalledBundles> {
  const { folder, limit, bytesPerSecond } = config.bundles;
  const reader = { read: () => Promise.reject(new BundleError("there is no mesh to read from")) };
  const store = createBundleStore({ folder, owner: config, limit, bytesPerSecond, reader, images: NO_IMAGES, log });
  store.stop();
  const provisions = new Map<string, Provision>();
  const problems: string[] = [];
  const lines: string[] = [];
  for (const [engine, { serving }] of Object.entries(await findServed(store, problems))) {
    if (serving.length === 0) continue;
    lines.push(`${engine} serves ${serving.map(({ set, digest }) => `${set} ${digest.slice(0, SHOWN_DIGEST)}`).join(", ")}`);
    try {
      provisions.set(engine, await store.recall(serving, NEVER_ABORTED));
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      problems.push(`${engine}: ${error.message}: it serves what its host has until the mesh gives it them again`);
    }
  }
  if (lines.length > 0) lines.push(`${folder} holds ${sizeText(await store.used())}, of at most ${sizeText(limit)}`);
  return { provisions, lines, problems };
}

async function findServed(store: BundleStore, problems: string[]): Promise<ServedByEngine> {
  try {
    return await store.findServed();
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    problems.push(`${error.message}; engines serve what this host has`);
    return {};
  }
}

/** What serving bundles takes of its agent. */
export interface BundleParts {
  readonly spool: Spool;
  readonly containers: ContainerHost;
  readonly selfTest: SelfTest;
  /** Makes a connection to NATS. */
  readonly connect: () => Promise<Bus>;
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
  const { spool, containers, selfTest, connect, engines, onChange, log, overrides } = parts;
  const { folder, limit, bytesPerSecond, testMs } = config.bundles;
  const reader = createBundleReader(connect);
  const { readFree, freeMemory = readFreeMemory } = overrides;
  const images = createBundleImages(containers.daemon, log);
  const store = createBundleStore({ folder, owner: config, limit, bytesPerSecond, reader, images, readFree, log });
  const trial = await createTrial({ spool, selfTest, cleanMs: testMs, log });
  const memory = createMemoryRoom(freeMemory);
  const server = createBundleServer({ store, images, engines, trial, selfTest, memory, onChange, log });
  await server.restore();
  return server;
}

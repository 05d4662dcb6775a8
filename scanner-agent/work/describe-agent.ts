import { availableParallelism, totalmem } from "node:os";
import type { AgentState } from "../../schema/control.js";
import { MESSAGE_VERSION } from "../../schema/message-version.js";
import { MAX_ENGINES, type Presence } from "../../schema/presence.js";
import { SEALING } from "../../schema/sealed-chunks.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import type { AgentConfig } from "../config.js";
import type { Engine } from "../engine/engine.js";
import type { ContainerHost } from "../runners/container/host.js";
import type { SampleCache } from "../samples/sample-cache.js";
import type { BundleServer } from "./serve.js";

/** The parts of an agent that exist so far. */
export interface AgentParts {
  readonly version: string;
  readonly startedAt: string;
  /** Distinguishes this process from a copy of the agent. */
  readonly instance: string;
  readonly state: AgentState;
  readonly containers: ContainerHost | undefined;
  readonly samples: SampleCache | undefined;
  readonly bundles: BundleServer | undefined;
  readonly engines: readonly Engine[];
  /** Names of engines that are off on this host. */
  readonly off: readonly string[];
  readonly settings: Presence["settings"];
  readonly fetches: Presence["fetches"];
  readonly rules: Presence["rules"];
}

/** What an agent says of itself now. */
export function describeAgent(
  { agent, host, heartbeatMs, internet, sampleMemory, joined }: AgentConfig,
  parts: AgentParts,
): Presence {
  const { version, startedAt, instance, state, containers, samples, bundles, engines, off, settings, fetches, rules } = parts;
  const largestSample = samples?.largest();
  return {
    v: 1,
    agent,
    host,
    version,
    class: internet,
    startedAt,
    ...(joined ? { instance } : {}),
    heartbeatMs,
    state,
    proofs: [...(containers?.proofs() ?? [])],
    ...(largestSample === undefined ? {} : { largestSample }),
    sampleMemory,
    largestChunk: CHUNK_BYTES,
    sealing: SEALING,
    messages: MESSAGE_VERSION,
    off: off.slice(0, MAX_ENGINES),
    machine: { cores: availableParallelism(), memory: totalmem() },
    settings,
    fetches,
    rules,
    engines: engines.map((engine) => ({ ...engine.presence(), bundles: bundles?.presence(engine) })),
  };
}

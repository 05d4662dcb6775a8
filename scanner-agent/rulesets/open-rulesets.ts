import type { Logger } from "pino";
import { createBundleReader } from "../bundles/bundle-reader.js";
import type { Bus } from "../bus/bus.js";
import type { AgentConfig } from "../config.js";
import type { EngineParts } from "../engine/engine.js";
import { createStartContained } from "../runners/container/contained-node.js";
import type { ContainerHost } from "../runners/container/host.js";
import { findFence } from "../runners/process/find-fence.js";
import type { SampleCache } from "../samples/sample-cache.js";
import { createRulesetServer, type RulesetServer } from "./ruleset-server.js";

/** What checking rulesets takes of its agent. */
export interface RulesetParts {
  readonly parts: readonly EngineParts[];
  /** A private folder that is there. */
  readonly folder: string;
  readonly containers: ContainerHost;
  readonly connections: { open(purpose: string): Promise<Bus> };
  readonly samples: SampleCache;
  readonly onChange: () => void;
  readonly log: Logger;
}

/** The rulesets of an agent with engines that take rules; undefined where it has none. */
export function openRulesets({ programPath }: AgentConfig, from: RulesetParts): RulesetServer | undefined {
  const { parts, folder, containers, connections, samples, onChange, log } = from;
  const engines = parts.filter(({ manifest }) => !manifest.internet && manifest.run.builtin?.module === "yara");
  if (engines.length === 0) return undefined;
  const fence = () => findFence({ internet: false, isTool: true, folder, programPath });
  const host = { folder, programPath, fence, startContained: createStartContained(containers, log), log };
  const reader = createBundleReader(() => connections.open("rulesets"));
  return createRulesetServer({ engines: engines.map(({ manifest }) => manifest.name), host, reader, samples, onChange, log });
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { createAgent, type Agent, type AgentOverrides } from "../../../scanner-agent/agent.js";
import { readAgentConfig, type AgentConfig } from "../../../scanner-agent/config.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import type { ScanRequest } from "../../../schema/messages.js";
import { testLog } from "../../stage/log.js";
import { ACK_WAIT_MS, startBusStage, type BusStage } from "./bus-stage.js";

/** An agent in this process, on a stage's bus. */
export interface AgentStage {
  readonly agent: Agent;
  readonly config: AgentConfig;
  stop(): Promise<void>;
}

/**
 * A bus for the tests of one file, told before the first of them; the answer starts an agent, which is stopped after its test.
 */
export function agentsOnBus(tell: (stage: BusStage) => void) {
  const agents: AgentStage[] = [];
  let stage: BusStage;
  beforeAll(async () => {
    stage = await startBusStage();
    tell(stage);
  });
  afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
  afterAll(() => stage.stop());
  return async (
    engines?: EngineParts | readonly EngineParts[],
    env: Record<string, string> = {},
    overrides: AgentOverrides = {},
  ): Promise<AgentStage> => {
    const agent = await startAgent(stage, engines === undefined ? undefined : [engines].flat(), env, overrides);
    agents.push(agent);
    return agent;
  };
}

let agents = 0;

/** Starts an agent, with puppet engines instead of those of the manifests if they are given. */
export async function startAgent(
  stage: BusStage,
  engines?: readonly EngineParts[],
  env: Record<string, string> = {},
  overrides: AgentOverrides = {},
): Promise<AgentStage> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-spool-"));
  const config = readAgentConfig({
    NATS_URL: stage.url,
    SCANMESH_SPOOL: folder,
    SCANMESH_BUNDLES: join(folder, "bundles"),
    SCANMESH_AGENT_ID: `agent-${++agents}`,
    SCANMESH_ACK_WAIT: `${ACK_WAIT_MS}ms`,
    SCANMESH_HEARTBEAT: "500ms",
    SCANMESH_RETEST: "500ms",
    ...env,
  });
  const agent = createAgent(config, { log: testLog("agent"), ...overrides, ...(engines === undefined ? {} : { engines }) });
  for (const { manifest } of engines ?? []) await stage.makeDurable(manifest);
  try {
    await agent.start();
  } catch (error) {
    await agent.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopped ??= agent.stop();
    await stopped;
    await rm(folder, { recursive: true, force: true });
  };
  return { agent, config, stop };
}

let scans = 0;

/** A request for the next scan. */
export function requestOf(sample: ScanRequest["sample"], engines: string[], timeoutMs = 60_000): ScanRequest {
  return { v: 1, scan: ++scans, sample, engines, timeoutMs };
}

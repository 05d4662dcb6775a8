/** How an engine is, and which is to be looked after first. */

import type { EngineRowFragment, ReadEnginesQuery, WatchEngineAgentsSubscription } from "../../generated/engines.ts";
import { failsOften } from "../../parts/engine-rates.ts";
import type { Tone } from "../../parts/notice.tsx";

export type AgentOfEngine = WatchEngineAgentsSubscription["agentChanged"]["agents"][number]["engines"][number] & {
  readonly agent: string;
};

export type Rates = ReadEnginesQuery["stats"]["engines"][number];

interface Health {
  readonly tone: Tone | undefined;
  readonly word: string;
  readonly reason?: string | null;
}

/** In a word, with the reason. */
export function healthOf(
  { enabled, available, lastHealthyAt }: EngineRowFragment,
  agents: readonly AgentOfEngine[],
  rates?: Rates,
): Health {
  if (!enabled) return { tone: undefined, word: "switched off" };
  const broken = agents.filter(({ healthy }) => !healthy);
  const reasons = [...new Set(broken.map(({ agent, reason }) => `${agent}: ${reason ?? "unhealthy"}`))].join("; ");
  if (agents.length === 0)
    return {
      tone: "doubt",
      word: "away",
      reason: lastHealthyAt === null ? "No agent has run it yet." : "No agent that has it is there.",
    };
  if (broken.length === agents.length) return { tone: "infected", word: "unhealthy", reason: reasons };
  if (broken.length > 0) return { tone: "doubt", word: "partly unhealthy", reason: reasons };
  if (available && failsOften(rates)) return { tone: "doubt", word: "healthy, but fails often" };
  return available ? { tone: "clean", word: "healthy" } : { tone: "doubt", word: "not available" };
}

export function isBroken(engine: EngineRowFragment, agents: readonly AgentOfEngine[]): boolean {
  return engine.enabled && (healthOf(engine, agents).tone === "infected" || agents.some(({ healthy }) => !healthy));
}

export function hasWarnings(agents: readonly AgentOfEngine[]): boolean {
  return agents.some(({ warnings }) => warnings.length > 0);
}

/** The higher, the sooner it is to be looked after: broken ones, then those that fail often, are slow, have old signatures, are away, or warn. */
export function urgencyOf(
  engine: EngineRowFragment,
  agents: readonly AgentOfEngine[],
  rates: Rates | undefined,
  isSlow: boolean,
): number {
  if (!engine.enabled) return -1;
  const { tone } = healthOf(engine, agents);
  if (isBroken(engine, agents)) return 4;
  if (failsOften(rates)) return 2 + (rates?.errorRate ?? 0);
  if (isSlow) return 1.8;
  if (engine.stale) return 1.5;
  if (tone !== "clean") return 1;
  return hasWarnings(agents) ? 0.5 : 0;
}

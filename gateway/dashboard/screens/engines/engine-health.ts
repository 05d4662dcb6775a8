/** How an engine is, and which is to be looked after first. */

import type { EngineRowFragment, ReadEnginesQuery, WatchEngineAgentsSubscription } from "../../generated/engines.ts";
import type { Tone } from "../../parts/notice.tsx";

export type AgentOfEngine = WatchEngineAgentsSubscription["agentChanged"]["agents"][number]["engines"][number] & {
  readonly agent: string;
};

export type Rates = ReadEnginesQuery["stats"]["engines"][number];

/** An engine that fails more often than this is pointed out. */
const HIGH_ERROR_RATE = 0.01;

interface Health {
  readonly tone: Tone | undefined;
  readonly word: string;
  readonly reason?: string | null;
}

/** In a word, with the reason. */
export function healthOf({ enabled, available, lastHealthyAt }: EngineRowFragment, agents: readonly AgentOfEngine[]): Health {
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
  return available ? { tone: "clean", word: "healthy" } : { tone: "doubt", word: "not available" };
}

export function failsOften(rates: Rates | undefined): boolean {
  return (rates?.errorRate ?? 0) > HIGH_ERROR_RATE;
}

/** The higher, the sooner it is to be looked after: broken ones, then those that fail often, have old signatures, or are away. */
export function urgencyOf(engine: EngineRowFragment, agents: readonly AgentOfEngine[], rates: Rates | undefined): number {
  if (!engine.enabled) return -1;
  const { tone } = healthOf(engine, agents);
  if (tone === "infected" || agents.some(({ healthy }) => !healthy)) return 4;
  if (failsOften(rates)) return 2 + (rates?.errorRate ?? 0);
  if (engine.stale) return 1.5;
  return tone === "clean" ? 0 : 1;
}

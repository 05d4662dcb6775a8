import type { Presence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";

/** A host that checks and tries rulesets. */
export type RuleHost = Presence & { readonly rules: NonNullable<Presence["rules"]> };

/** Those of agents that check and try rulesets. Whatever an agent that reaches the internet says, it is given no stored sample. */
export function ruleHosts(presences: readonly Presence[]): RuleHost[] {
  return presences.filter((one): one is RuleHost => one.class === "isolated" && one.rules !== undefined);
}

/** The hosts that can do so with the rules of an engine. */
export function findRuleHosts(presences: readonly Presence[], engine: string): RuleHost[] {
  return ruleHosts(presences).filter(({ rules }) => rules.engines.some((name) => isSame(name, engine)));
}

/** Whether a host serves the engine itself: one that does not may be unable to run its rules. */
export function isHealthyAt({ engines }: RuleHost, engine: string): boolean {
  return engines.some(({ name, healthy }) => healthy && isSame(name, engine));
}

function isSame(a: string, b: string): boolean {
  return engineToken(a) === engineToken(b);
}

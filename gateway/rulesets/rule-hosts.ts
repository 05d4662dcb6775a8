import type { Presence } from "../../schema/presence.js";
import { engineToken } from "../../schema/subjects.js";

/** A host that checks and tries rulesets. */
export type RuleHost = Presence & { readonly rules: NonNullable<Presence["rules"]> };

/** The hosts that can do so with the rules of an engine. */
export function findRuleHosts(presences: readonly Presence[], engine: string): RuleHost[] {
  return presences.filter(
    (one): one is RuleHost => one.rules?.engines.some((name) => engineToken(name) === engineToken(engine)) ?? false,
  );
}

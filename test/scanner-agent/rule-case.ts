/** Samples of one rule by what they are: those it must find, and near misses that it must let pass. */
export interface RuleCase {
  found: Record<string, Uint8Array>;
  passed: Record<string, Uint8Array>;
}

/** Cases by rule name. */
export type RuleCases = Record<string, RuleCase>;

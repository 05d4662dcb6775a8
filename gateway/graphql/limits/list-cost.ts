/** What lists add to the cost of an operation: the cost of the fields selected of each of their entries. */

import type { ComplexityEstimator } from "graphql-query-complexity";

/** Entries that lists without `first` are assumed to have. */
export const TYPICAL = {
  agents: 20,
  apiKeys: 50,
  closedMembers: 2,
  engines: 25,
  joinTokens: 50,
  points: 100,
  rulesets: 10,
  suppressed: 1,
  webhooks: 10,
} as const;

/** The cost of a list that is assumed to have so many entries. */
export function listCost(length: number): ComplexityEstimator {
  return ({ childComplexity }) => 1 + length * childComplexity;
}

/** The cost of a page: its argument `first` is its length. */
export const pageCost: ComplexityEstimator = ({ args, childComplexity }) => 1 + Number(args["first"]) * childComplexity;

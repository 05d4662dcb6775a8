/** The cost that lists add to an operation: that of the selected fields for each entry. */

import type { ComplexityEstimator } from "graphql-query-complexity";

/** Assumed lengths of lists without `first`. */
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

/** The cost of a list with this assumed length. */
export function listCost(length: number): ComplexityEstimator {
  return ({ childComplexity }) => 1 + length * childComplexity;
}

/** The cost of a page, whose length is its argument `first`. */
export const pageCost: ComplexityEstimator = ({ args, childComplexity }) => 1 + Number(args["first"]) * childComplexity;

import type { Durations } from "../../../schema/graphql/statistics.js";
import type { Buckets } from "../../db/statistics.js";
import { quantile } from "../../scan/statistics.js";

/** The median and the 95th percentile of durations. */
export function summarize(buckets: Buckets): Durations {
  return { p50Ms: quantile(buckets, 0.5), p95Ms: quantile(buckets, 0.95) };
}

import type { SampleFilter } from "../../../schema/graphql/sample-filter.js";
import type { SampleCriteria } from "../../db/sample-list.js";
import { entries, hashes, mimes, sizes, times } from "./filter-values.js";

/** The criteria of a filter on samples. Throws BAD_INPUT for invalid values. */
export function sampleCriteria(filter: SampleFilter | null | undefined): SampleCriteria {
  if (filter === null || filter === undefined) return {};
  return {
    mimes: mimes("filter.mimes", filter.mimes),
    size: sizes("filter.size", filter.size),
    firstSeen: times("filter.firstSeen", filter.firstSeen),
    hashes: hashes("filter.hashes", filter.hashes),
    stored: filter.stored ?? undefined,
    verdicts: entries("filter.verdicts", filter.verdicts),
  };
}

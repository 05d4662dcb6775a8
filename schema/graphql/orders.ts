/** Orders of lists. */

import { registerEnumType } from "type-graphql";

/** Orders of a list of scans. */
export const ScanOrder = { NEWEST_FIRST: "NEWEST_FIRST", OLDEST_FIRST: "OLDEST_FIRST" } as const;
export type ScanOrder = keyof typeof ScanOrder;
registerEnumType(ScanOrder, {
  name: "ScanOrder",
  description: "The order of a list of scans.",
  valuesConfig: {
    NEWEST_FIRST: { description: "The latest scan first." },
    OLDEST_FIRST: { description: "The earliest scan first." },
  },
});

/** Orders of a list of samples. */
export const SampleOrder = { NEWEST_FIRST: "NEWEST_FIRST", OLDEST_FIRST: "OLDEST_FIRST" } as const;
export type SampleOrder = keyof typeof SampleOrder;
registerEnumType(SampleOrder, {
  name: "SampleOrder",
  description: "The order of a list of samples, by when the mesh first received them.",
  valuesConfig: {
    NEWEST_FIRST: { description: "The latest sample first." },
    OLDEST_FIRST: { description: "The earliest sample first." },
  },
});

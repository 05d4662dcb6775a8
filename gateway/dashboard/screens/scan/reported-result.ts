import type { ScanReportFragment } from "../../generated/scan.ts";

/** One engine's answer in a report. */
export type ReportedResult = ScanReportFragment["results"][number];

import type { ScanReportFragment } from "../../generated/scan.ts";

/** One engine's answer in a report. */
export type ReportedResult = ScanReportFragment["results"][number];

/** Whether it came when the scan was final already. */
export function isLate({ endedAt }: ReportedResult, { endDate }: ScanReportFragment): boolean {
  return endDate !== null && endedAt !== null && endedAt > endDate;
}

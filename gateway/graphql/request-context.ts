import DataLoader from "dataloader";
import type { ResultRecord } from "../../schema/reports.js";
import type { Caller } from "../caller.js";
import { readResults } from "../db/scans.js";
import type { ScanContext } from "../scan/context.js";

/** What resolvers work with; one for each operation. */
export interface RequestContext {
  readonly mesh: ScanContext;
  readonly caller: Caller;
  /** The address by which this caller reaches the gateway. */
  readonly baseUrl: string;
  /** Results by scan: one statement for all the scans of a page. */
  readonly results: DataLoader<number, readonly ResultRecord[]>;
}

export function requestContext(mesh: ScanContext, caller: Caller, baseUrl: string): RequestContext {
  const results = new DataLoader<number, readonly ResultRecord[]>(async (scanIds) => {
    const byScan = await readResults(mesh.db, scanIds);
    return scanIds.map((scanId) => byScan.get(scanId) ?? []);
  });
  return { mesh, caller, baseUrl, results };
}

/** The same for a later event of a subscription: nothing is remembered of what was read for the one before. */
export function renewed({ mesh, caller, baseUrl }: RequestContext): RequestContext {
  return requestContext(mesh, caller, baseUrl);
}

import type { GraphQLResolveInfo } from "graphql";
import type { BriefReport } from "../../../schema/reports.js";
import type { Database } from "../../db/database.js";
import { readBriefScan, readScan } from "../../db/scans.js";
import { unknownScan } from "../../errors.js";
import { selectsDetails } from "../inputs/selection.js";

export const SCAN_ID = "The scan's number (`scanId`).";

/** Reads the results' details only if the operation selects them. */
export function findReport(db: Database, scanId: number, info: GraphQLResolveInfo): Promise<BriefReport | undefined> {
  return selectsDetails(info) ? readScan(db, scanId) : readBriefScan(db, scanId);
}

/** The same. Throws NOT_FOUND. */
export async function readReport(db: Database, scanId: number, info: GraphQLResolveInfo): Promise<BriefReport> {
  const scan = await findReport(db, scanId, info);
  if (!scan) throw unknownScan(scanId);
  return scan;
}

import { z } from "zod";
import { readScan } from "../db/scans.js";
import type { Endpoint } from "./endpoint.js";
import { parseScanId, unknownScan } from "./parameters.js";
import { formatReport } from "./report.js";
import { Report, ScanId } from "./schemas.js";

/** `GET /api/v1/sample/<id>`: one scan with its results. */
export const getSample: Endpoint = {
  needs: "scan:read",
  operation: {
    summary: "One scan with its results",
    description: "Complete means that `end_date` is set; then nothing is queued or scanning.",
    path: z.object({ id: ScanId }),
    answer: { "application/json": Report },
    errors: { 400: "`invalid sample id`: not 1 to 19 digits, or no scan has it." },
  },
  async handle(ctx, request) {
    const { id } = request.params as { id: string };
    const scan = await readScan(ctx.db, parseScanId(id));
    if (!scan) throw unknownScan();
    return formatReport(scan, ctx.config.timeZone);
  },
};

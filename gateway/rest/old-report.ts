import { z } from "zod";
import { readScan } from "../db/scans.js";
import { readInput } from "./body.js";
import type { Endpoint } from "./endpoint.js";
import { readScanId } from "./parameters.js";
import { formatReport } from "./report.js";
import { Failure, OldReport } from "./schemas.js";

const Input = z.object({ id: z.string().describe("The report's id: 1 to 19 digits.") });

/** `GET` and `POST /api/report`, from before `/api/v1`. Errors are answered with 200. */
export const oldReport: Endpoint = {
  needs: "scan:read",
  operation: {
    summary: "One report, as clients before /api/v1 ask for it",
    description: "Mistakes are answered with 200: `report id not provided.` and `report not found`.",
    query: Input.partial(),
    body: { "application/x-www-form-urlencoded": Input, "multipart/form-data": Input },
    answer: { "application/json": z.union([OldReport, Failure]) },
  },
  async handle(ctx, request) {
    const id = (await readInput(request)).get("id") ?? "";
    if (id === "") return { error: "report id not provided." };
    const scanId = readScanId(id);
    const scan = scanId === undefined ? undefined : await readScan(ctx.db, scanId);
    if (!scan) return { error: "report not found" };
    return { ...formatReport(scan, ctx.config.timeZone), report_id: scan.scanId };
  },
};

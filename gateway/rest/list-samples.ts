import { z } from "zod";
import { baseUrl, hostOf } from "../http/request.js";
import { readListedScans } from "../db/export.js";
import type { Endpoint } from "./endpoint.js";
import { everyScan } from "./pages.js";
import { wholeNumber } from "./parameters.js";
import { formatListed } from "./report.js";
import { ListedScanEntry } from "./schemas.js";
import { jsonArray, sendStream } from "./streamed.js";

/** The longest page. */
const MOST = 1_000;

/** `GET /api/v1/sample`: all scans, streamed, or a page of them with `limit` and `after`. */
export const listSamples: Endpoint = {
  needs: "scan:read",
  operation: {
    summary: "All scans",
    description:
      'In ascending id. Without `limit` all of them, streamed; with it a page, and a `Link` header with `rel="next"` if there are more.',
    query: z.object({
      limit: z.number().int().min(1).max(MOST).optional().describe("Scans on a page."),
      after: z.number().int().nonnegative().optional().describe("The id after which the list begins."),
    }),
    answer: { "application/json": z.array(ListedScanEntry) },
    errors: { 400: "`invalid parameter: limit` or `invalid parameter: after`." },
  },
  async handle(ctx, request, reply) {
    const query = request.query as Record<string, unknown>;
    const zone = ctx.config.timeZone;
    const after = query.after === undefined ? 0 : wholeNumber("after", query.after, 0, Number.MAX_SAFE_INTEGER);
    void reply.type("application/json");
    if (query.limit === undefined) {
      return sendStream(
        request,
        reply,
        jsonArray(everyScan(ctx.db, after), (scan) => formatListed(scan, zone)),
      );
    }
    const limit = wholeNumber("limit", query.limit, 1, MOST);
    const scans = await readListedScans(ctx.db, { after, limit: limit + 1 });
    const page = scans.slice(0, limit);
    const last = page.at(-1);
    if (last && scans.length > limit) {
      const next = `${baseUrl(ctx.config, hostOf(request), request.raw.socket)}/api/v1/sample?limit=${limit}&after=${last.scanId}`;
      void reply.header("link", `<${next}>; rel="next"`);
    }
    return page.map((scan) => formatListed(scan, zone));
  },
};

import { z } from "zod";
import { readEngines } from "../db/engines.js";
import { searchFor } from "../db/search.js";
import { clientLeft } from "../http/client-left.js";
import type { ListedScan } from "../../schema/reports.js";
import type { ScanContext } from "../scan/context.js";
import { csvHead, csvLine } from "./csv.js";
import type { Endpoint } from "./endpoint.js";
import { everyScan, matchingScans, newestScans, withResults, type Pages } from "./pages.js";
import { parseTerms, wholeNumber } from "./parameters.js";
import { SEARCH_TIMEOUT } from "./schemas.js";
import { sendStream } from "./streamed.js";

/** `GET /export/csv`: one line for each scan: all, those of a search, or a page of the newest. */
export const exportCsv: Endpoint = {
  needs: "scan:read",
  operation: {
    summary: "Scans as CSV",
    description:
      "Separated by `;`, streamed. Columns `name;md5;sha1;sha256;start_date`, then by name every engine: an antivirus engine as `X` and `X-version`, others as `X` with their JSON. Cells that a spreadsheet would run as a formula begin with an apostrophe; characters that nobody sees are written as `<U+202E>`.",
    query: z.object({
      q: z.string().optional().describe("Hashes or names, comma-separated; `%` stands for any text."),
      l: z.number().int().nonnegative().optional().describe("So many of the newest scans, newest first."),
      p: z.number().int().nonnegative().optional().describe("With `l`: which page of them, from 0."),
    }),
    answer: { "text/csv": z.string() },
    errors: { 400: "`invalid parameter: …`", 504: SEARCH_TIMEOUT },
  },
  async handle(ctx, request, reply) {
    const scans = wanted(ctx, request.query as Record<string, unknown>, clientLeft(request, reply));
    void reply.type("text/csv; charset=utf-8").header("content-disposition", "attachment; filename=multi-av-export.csv");
    return sendStream(request, reply, lines(ctx, scans));
  },
};

function wanted(ctx: ScanContext, { q, l, p }: Record<string, unknown>, signal: AbortSignal): Pages<ListedScan> {
  if (q !== undefined) return matchingScans(ctx, searchFor(parseTerms("q", [q].flat().join(","))), signal);
  if (l === undefined) return everyScan(ctx.db, 0);
  const count = wholeNumber("l", l, 0, MOST);
  const page = p === undefined ? 0 : wholeNumber("p", p, 0, MOST);
  return newestScans(ctx, { offset: Math.min(count * page, Number.MAX_SAFE_INTEGER), count }, signal);
}

const MOST = 1_000_000_000;

/** The head of a CSV, then a line for each scan. */
export async function* lines(ctx: ScanContext, scans: Pages<ListedScan>): AsyncGenerator<string> {
  const engines = await readEngines(ctx.db);
  // The head is sent with the first lines, so that a search that takes too long can still be answered with an error.
  let head = csvHead(engines);
  for await (const reports of withResults(ctx.db, scans)) {
    yield head + reports.map((report) => csvLine(report, engines, ctx.config.timeZone)).join("");
    head = "";
  }
  if (head !== "") yield head;
}

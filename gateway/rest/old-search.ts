import { z } from "zod";
import { searchFor } from "../db/search.js";
import { clientLeft } from "../http/client-left.js";
import { readInput } from "./body.js";
import type { Endpoint } from "./endpoint.js";
import { matchingScans, withResults } from "./pages.js";
import { parseTerms } from "./parameters.js";
import { formatReport, type ListedReport } from "./report.js";
import { Failure, OldReport, SEARCH_TIMEOUT } from "./schemas.js";
import { jsonArray, sendStream } from "./streamed.js";

const Input = z.object({
  file_hash: z
    .string()
    .describe("Comma-separated: an md5, sha1 or sha256, a file's name, or a name in which `%` stands for any text."),
});

/** `GET` and `POST /api/search`, from before `/api/v1`. */
export const oldSearch: Endpoint = {
  needs: "scan:read",
  operation: {
    summary: "Reports by hash or name, as clients before /api/v1 ask for them",
    description: "In ascending id, streamed. If there are none, the answer is `Not found.`, with 200.",
    query: Input.partial(),
    body: { "application/x-www-form-urlencoded": Input, "multipart/form-data": Input },
    answer: { "application/json": z.union([z.array(OldReport), Failure]) },
    errors: { 400: "`invalid parameter: file_hash`: more terms than are looked for at once.", 504: SEARCH_TIMEOUT },
  },
  async handle(ctx, request, reply) {
    const terms = parseTerms("file_hash", (await readInput(request)).get("file_hash") ?? "");
    const pages = withResults(ctx.db, matchingScans(ctx, searchFor(terms), clientLeft(request, reply)));
    const show = (scan: ListedReport) => ({ ...formatReport(scan, ctx.config.timeZone), report_id: scan.scanId });
    void reply.type("application/json");
    return sendStream(request, reply, arrayOrNothing(jsonArray(pages, show)));
  },
};

async function* arrayOrNothing(array: AsyncGenerator<string>): AsyncGenerator<string> {
  for await (const piece of array) yield piece === "[]" ? JSON.stringify({ error: "Not found." }) : piece;
}

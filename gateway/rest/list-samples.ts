import { Readable } from "node:stream";
import type { ScanRecord } from "../../schema/reports.js";
import { baseUrl } from "../base-url.js";
import { readScans } from "../db/scans.js";
import type { ScanContext } from "../scan/context.js";
import type { Endpoint } from "./endpoint.js";
import { invalid } from "./parameters.js";
import { listed } from "./report.js";

/** Scans read at a time; also the longest page that can be asked for. */
const PAGE = 1_000;

/** `GET /api/v1/sample`: all scans, streamed; or with `limit` and `after` a page of them. */
export const listSamples: Endpoint = async (ctx, request, reply) => {
  const query = request.query as Record<string, unknown>;
  const after = query.after === undefined ? 0 : wholeNumber("after", query.after, 0, Number.MAX_SAFE_INTEGER);
  void reply.type("application/json; charset=utf-8");
  if (query.limit !== undefined) {
    const limit = wholeNumber("limit", query.limit, 1, PAGE);
    const scans = await readScans(ctx.db, { newestFirst: false, after, limit: limit + 1 });
    const page = scans.slice(0, limit);
    const last = page.at(-1);
    const next =
      last && scans.length > limit
        ? `${baseUrl(ctx.config, request.host)}/api/v1/sample?limit=${limit}&after=${last.scanId}`
        : undefined;
    if (next !== undefined) void reply.header("link", `<${next}>; rel="next"`);
    return page.map((scan) => listed(scan, ctx.config.SCANMESH_TIME_ZONE));
  }
  if (request.method === "HEAD") return reply.send("");
  const first = await readPage(ctx, after);
  return reply.send(Readable.from(rows(ctx, first)));
};

function readPage(ctx: ScanContext, after: number): Promise<ScanRecord[]> {
  return readScans(ctx.db, { newestFirst: false, after, limit: PAGE });
}

async function* rows(ctx: ScanContext, first: ScanRecord[]): AsyncGenerator<string> {
  let separator = "[";
  for (let page = first; page.length > 0; page = await readPage(ctx, page.at(-1)?.scanId ?? 0)) {
    yield `${separator}${page.map((scan) => JSON.stringify(listed(scan, ctx.config.SCANMESH_TIME_ZONE))).join(",")}`;
    separator = ",";
    if (page.length < PAGE) break;
  }
  yield separator === "[" ? "[]" : "]";
}

function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === "string" && /^[0-9]{1,16}$/.test(value) ? Number(value) : -1;
  if (number < min || number > max) throw invalid(name);
  return number;
}

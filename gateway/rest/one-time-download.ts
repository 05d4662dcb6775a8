import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientLeft } from "../http/client-left.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import type { ScanContext } from "../scan/context.js";
import { downloadBeginning, downloadSample } from "../scan/download.js";
import { useDownload } from "../scan/downloads.js";
import { attachmentHeaders, sendSample } from "./download-sample.js";
import { lines } from "./export-csv.js";
import { listedScans } from "./pages.js";
import { sendStream } from "./streamed.js";

/** Serves the URLs that `createDownload` issues. There is no HEAD, since it would use them up. */
export function downloadRoute(app: FastifyInstance, ctx: ScanContext): void {
  app.get<{ Params: { token: string } }>("/download/:token", { ...OPEN_ROUTE, exposeHeadRoute: false }, (request, reply) =>
    send(ctx, request.params.token, request, reply),
  );
}

async function send(ctx: ScanContext, token: string, asking: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { request, actor } = await useDownload(ctx, asking.caller, token);
  if (request.kind === "scans") {
    const scans = listedScans(ctx, request.criteria, clientLeft(asking, reply));
    void reply.headers(attachmentHeaders("text/csv; charset=utf-8", "scanmesh-scans.csv"));
    return sendStream(asking, reply, lines(ctx, scans));
  }
  const { sha256, format } = request;
  if (format !== "first64KiB") return sendSample(reply, format, await downloadSample(ctx, actor, sha256, format));
  const bytes = await downloadBeginning(ctx, actor, sha256);
  return reply.headers(attachmentHeaders("application/octet-stream", `${sha256}.first-64-KiB`)).send(bytes);
}

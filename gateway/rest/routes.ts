import { readFile } from "node:fs/promises";
import type { FastifyInstance, HTTPMethods } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { PAGE_HEADERS } from "../http/content-policy.js";
import { OPEN_ROUTE } from "../http/open-route.js";
import { acceptAnyBody } from "../http/request-body.js";
import type { GatewayConfig } from "../config.js";
import type { ScanContext } from "../scan/context.js";
import { apiPage } from "./api-page.js";
import { downloadRoute } from "./one-time-download.js";
import { openApi } from "./openapi.js";
import { ROUTES } from "./route-table.js";

/** The REST API, its OpenAPI document and its page. */
export async function restRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  // Clients send JSON as text/plain and even as a form.
  acceptAnyBody(app);
  for (const [url, verbs] of Object.entries(ROUTES)) {
    for (const [method, endpoint] of Object.entries(verbs)) {
      app.route({
        method: method as HTTPMethods,
        url,
        config: { needs: endpoint.needs },
        handler: (request, reply) => endpoint.handle(ctx, request, reply),
      });
    }
  }
  downloadRoute(app, ctx);
  await documentation(app, ctx.config);
}

/** The documents are the same in every mesh, so anyone may read them. */
async function documentation(app: FastifyInstance, { publicUrl }: GatewayConfig): Promise<void> {
  const document = openApi();
  // Without a server the paths are relative to the document's host.
  const served = publicUrl === undefined ? document : { ...document, servers: [{ url: publicUrl.replace(/\/+$/, "") }] };
  const page = apiPage(document);
  const style = await readFile(projectPath("gateway", "rest", "api-page.css"));
  app.get("/api/openapi.json", OPEN_ROUTE, async () => served);
  app.get("/api", OPEN_ROUTE, (_request, reply) => reply.type("text/html; charset=utf-8").headers(PAGE_HEADERS).send(page));
  app.get("/api/page.css", OPEN_ROUTE, (_request, reply) =>
    reply.type("text/css; charset=utf-8").headers(PAGE_HEADERS).send(style),
  );
}

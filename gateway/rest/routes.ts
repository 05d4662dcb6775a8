import { readFile } from "node:fs/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { projectPath } from "../../schema/paths.js";
import { PAGE_HEADERS } from "../content-policy.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { apiPage } from "./api-page.js";
import { openApi } from "./openapi.js";
import { ROUTES } from "./route-table.js";

/** The REST API, its OpenAPI document and its page. */
export async function restRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  // Clients send JSON as text/plain and as a form: each endpoint reads its body itself. This parser is for these routes alone.
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  for (const [url, verbs] of Object.entries(ROUTES)) {
    for (const [method, endpoint] of Object.entries(verbs)) {
      const bodyLimit = endpoint.bodyLimit?.(ctx.config);
      app.route({
        method: method as HTTPMethods,
        url,
        ...(bodyLimit === undefined ? {} : { bodyLimit }),
        handler: (request, reply) => endpoint.handle(ctx, request, reply),
      });
    }
    refuseOthers(app, url, Object.keys(verbs));
  }
  await documentation(app);
}

async function documentation(app: FastifyInstance): Promise<void> {
  const document = openApi();
  const page = apiPage(document);
  const style = await readFile(projectPath("gateway", "rest", "api-page.css"));
  app.get("/api/openapi.json", async () => document);
  app.get("/api", (_request, reply) => reply.type("text/html; charset=utf-8").headers(PAGE_HEADERS).send(page));
  app.get("/api/page.css", (_request, reply) => reply.type("text/css; charset=utf-8").headers(PAGE_HEADERS).send(style));
  for (const url of ["/api/openapi.json", "/api", "/api/page.css"]) refuseOthers(app, url, ["GET"]);
}

function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const refuse = async (_request: FastifyRequest, reply: FastifyReply) => refuseVerb(reply, allowed);
  const others = app.supportedMethods.filter((method) => !allowed.includes(method)) as HTTPMethods[];
  app.route({ method: others, url, onRequest: refuse, handler: refuse });
}

function refuseVerb(reply: FastifyReply, allowed: readonly string[]): never {
  void reply.header("allow", allowed.join(", "));
  throw new GatewayError("METHOD_NOT_ALLOWED", `the verbs of this path are ${allowed.join(", ")}`);
}

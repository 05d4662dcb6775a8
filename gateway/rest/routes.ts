import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import type { Endpoint } from "./endpoint.js";
import { getSample } from "./get-sample.js";
import { listSamples } from "./list-samples.js";
import { listScanners } from "./list-scanners.js";
import { invalidJson } from "./parameters.js";
import { uploadSample } from "./upload-sample.js";

/** Every path of the REST API with its verbs; HEAD is served where GET is. */
const ROUTES: Readonly<Record<string, { readonly GET?: Endpoint; readonly POST?: Endpoint }>> = {
  "/api/upload": { POST: uploadSample },
  "/api/v1/sample": { GET: listSamples, POST: uploadSample },
  "/api/v1/sample/:id": { GET: getSample },
  "/api/v1/scanner": { GET: listScanners },
};

export async function restRoutes(app: FastifyInstance, ctx: ScanContext): Promise<void> {
  parseBodies(app, ctx.config);
  for (const [url, verbs] of Object.entries(ROUTES)) {
    for (const [method, endpoint] of Object.entries(verbs)) {
      app.route({ method: method as HTTPMethods, url, handler: (request, reply) => endpoint(ctx, request, reply) });
    }
    const allowed = Object.keys(verbs).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    const refuse = async (_request: FastifyRequest, reply: FastifyReply) => refuseVerb(reply, allowed);
    const others = app.supportedMethods.filter((method) => !allowed.includes(method)) as HTTPMethods[];
    app.route({ method: others, url, onRequest: refuse, handler: refuse });
  }
}

function refuseVerb(reply: FastifyReply, allowed: readonly string[]): never {
  void reply.header("allow", allowed.join(", "));
  throw new GatewayError("METHOD_NOT_ALLOWED", `the verbs of this path are ${allowed.join(", ")}`);
}

/** Clients send JSON as text/plain and as a form, so whatever is not multipart is read as JSON. This parser is for these routes alone. */
function parseBodies(app: FastifyInstance, { SCANMESH_BASE64_LIMIT }: GatewayConfig): void {
  const bodyLimit = Math.ceil(SCANMESH_BASE64_LIMIT * 1.5) + 64 * 1024;
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, async (_request: FastifyRequest, body: Buffer) =>
    parseJson(body),
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw invalidJson(cause);
  }
}

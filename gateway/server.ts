import { METHODS, type IncomingMessage } from "node:http";
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from "fastify";
import { authenticateRequests } from "./http/authenticate.js";
import { GatewayError } from "./errors.js";
import { keepUnanswered } from "./http/give-way.js";
import { graphqlRoutes } from "./graphql/routes.js";
import { healthRoutes } from "./routes/health.js";
import { sendError } from "./http/http-error.js";
import { guardOrigins } from "./http/origin-guard.js";
import { graphiqlRoutes } from "./routes/graphiql.js";
import { pageRoutes } from "./routes/first-page.js";
import { requestId } from "./http/request.js";
import { restRoutes } from "./rest/routes.js";
import type { ScanContext } from "./scan/context.js";
import { uploadRoutes } from "./routes/upload.js";

const BODY_LIMIT = 1024 * 1024;
/** How long what a refused caller still sends is read and thrown away, so that it gets to read the answer. */
const LINGER_MS = 10_000;
/** How long requests under way may take when the gateway stops. */
const DRAIN_MS = 5_000;

/** Everything the gateway answers over HTTP. Each part takes the Content-Types it knows; there is no parser for all. */
export async function createHttp(ctx: ScanContext): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: ctx.config.orphanGraceMs / 2,
    genReqId: ({ headers }) => requestId(headers["x-request-id"]),
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    routerOptions: { maxParamLength: 200 },
    ...(ctx.config.trustedProxies.length > 0 ? { trustProxy: [...ctx.config.trustedProxies] } : {}),
  }) as FastifyInstance;
  for (const method of METHODS) if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  app.removeAllContentTypeParsers();
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) =>
    sendError(new GatewayError("NOT_FOUND", `no such path: ${named(request)}`), request, reply),
  );
  const verbs = collectVerbs(app);
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers({
      "x-request-id": request.id,
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    });
  });
  keepUnanswered(app);
  guardOrigins(app, ctx.config);
  authenticateRequests(app, ctx);
  app.addHook("onResponse", async ({ raw }) => drain(raw));
  app.addHook("preClose", async () => void setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref());
  await app.register(async (part) => graphqlRoutes(part, ctx));
  await app.register(async (part) => restRoutes(part, ctx));
  await app.register(async (part) => uploadRoutes(part, ctx));
  await app.register(async (part) => healthRoutes(part, ctx));
  await app.register(async (part) => pageRoutes(part));
  await app.register(async (part) => graphiqlRoutes(part));
  refuseOtherVerbs(app, verbs);
  return app;
}

/** The verbs of every path, as its routes are made. */
function collectVerbs(app: FastifyInstance): Map<string, Set<string>> {
  const verbs = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = verbs.get(url) ?? new Set();
    for (const verb of [method].flat()) known.add(verb);
    verbs.set(url, known);
  });
  return verbs;
}

/** A path that is there, by a verb that it does not have: 405 with `Allow`, before any body is read. */
function refuseOtherVerbs(app: FastifyInstance, verbs: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of verbs) {
    const allowed = [...known].toSorted();
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
      void reply.header("allow", allowed.join(", "));
      throw new GatewayError("METHOD_NOT_ALLOWED", `${named(request)}: this path takes ${allowed.join(", ")}`);
    };
    const others = app.supportedMethods.filter((method) => !allowed.includes(method)) as HTTPMethods[];
    app.route({ method: others, url, config: { needs: "open" }, onRequest: refuse, handler: refuse });
  }
}

const SHOWN = 200;

/** Verb and path of a request, for an error. */
function named({ method, url }: FastifyRequest): string {
  return `${method} ${url.replace(/\?.*/s, "").slice(0, SHOWN)}`;
}

function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once("close", () => clearTimeout(timer));
  request.unpipe();
  request.resume();
}

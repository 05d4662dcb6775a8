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
import { refuseEncodedBodies } from "./http/body-encoding.js";
import { continueWhenRead } from "./http/continue.js";
import { answerHalfOpen } from "./http/half-open.js";
import { trackUnanswered } from "./http/give-way.js";
import { endUnreadAnswers } from "./http/unread-answers.js";
import { graphqlRoutes } from "./graphql/routes.js";
import { bundleRoutes } from "./routes/bundles.js";
import { healthRoutes } from "./routes/health.js";
import { sendError } from "./http/http-error.js";
import { guardOrigins } from "./http/origin-guard.js";
import { graphiqlRoutes } from "./routes/graphiql.js";
import { dashboardRoutes } from "./routes/dashboard.js";
import { requestId } from "./http/request.js";
import { restRoutes } from "./rest/routes.js";
import type { ScanContext } from "./scan/context.js";
import { joinRoutes } from "./routes/join.js";
import { uploadRoutes } from "./routes/upload.js";

const BODY_LIMIT = 1024 * 1024;
/** How long the rest of a refused body is read and discarded, so that the client gets to read the answer. */
const LINGER_MS = 10_000;
/** How long open requests may take on shutdown. */
const DRAIN_MS = 5_000;

/** The HTTP server with all routes. Each group of routes parses its own Content-Types; there is no common parser. */
export async function createHttp(ctx: ScanContext): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // Under load, registering the routes takes longer than the library's default timeout.
    pluginTimeout: 0,
    requestTimeout: ctx.config.orphanGraceMs / 2,
    // Requests that reach a stopping gateway are answered normally; fastify's own 503 does not say when to retry.
    return503OnClosing: false,
    genReqId: ({ headers }) => requestId(headers["x-request-id"]),
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    // Longer than any path that Node accepts, so that each route decides about its own parameters.
    routerOptions: { maxParamLength: 16 * 1024 },
    ...(ctx.config.trustedProxies.length > 0 ? { trustProxy: [...ctx.config.trustedProxies] } : {}),
  }) as FastifyInstance;
  for (const method of METHODS) if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  app.removeAllContentTypeParsers();
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) =>
    sendError(new GatewayError("NOT_FOUND", `no such path: ${describeRequest(request)}`), request, reply),
  );
  const methods = collectMethods(app);
  app.addHook("onRequest", async (request, reply) => {
    // A body may fail after its reader has gone, and an error without a listener would end the process.
    request.raw.on("error", () => {});
    void reply.headers({
      "x-request-id": request.id,
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    });
  });
  endUnreadAnswers(app);
  answerHalfOpen(app);
  continueWhenRead(app);
  trackUnanswered(app);
  guardOrigins(app, ctx.config);
  authenticateRequests(app, ctx);
  refuseEncodedBodies(app);
  app.addHook("onSend", async ({ url }, reply, payload) => {
    // JSON has no charset (RFC 8259), and REST clients compare the whole text. GraphQL over HTTP requires one.
    if (!url.startsWith("/graphql") && reply.getHeader("content-type") === "application/json; charset=utf-8")
      void reply.header("content-type", "application/json");
    return payload;
  });
  app.addHook("onResponse", async ({ raw }) => drain(raw));
  app.addHook("preClose", async () => void setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref());
  await app.register(async (part) => graphqlRoutes(part, ctx));
  await app.register(async (part) => restRoutes(part, ctx));
  await app.register(async (part) => uploadRoutes(part, ctx));
  await app.register(async (part) => bundleRoutes(part, ctx));
  await app.register(async (part) => joinRoutes(part, ctx));
  await app.register(async (part) => healthRoutes(part, ctx));
  await app.register(async (part) => dashboardRoutes(part));
  await app.register(async (part) => graphiqlRoutes(part));
  refuseOtherMethods(app, methods);
  return app;
}

/** Collects the methods of every path as routes are added. */
function collectMethods(app: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Answers 405 with `Allow` if a path does not support the method, before any body is read. */
function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of methods) {
    const allowed = [...known].toSorted();
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
      void reply.header("allow", allowed.join(", "));
      throw new GatewayError("METHOD_NOT_ALLOWED", `${describeRequest(request)}: this path takes ${allowed.join(", ")}`);
    };
    const others = app.supportedMethods.filter((method) => !allowed.includes(method)) as HTTPMethods[];
    app.route({ method: others, url, config: { needs: "open" }, onRequest: refuse, handler: refuse });
  }
}

const SHOWN_CHARACTERS = 200;

/** Method and path of a request, for an error. */
function describeRequest({ method, url }: FastifyRequest): string {
  return `${method} ${url.replace(/\?.*/s, "").slice(0, SHOWN_CHARACTERS)}`;
}

function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once("close", () => clearTimeout(timer));
  request.unpipe();
  request.resume();
}

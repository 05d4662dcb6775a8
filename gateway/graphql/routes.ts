import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { GraphQLError, type GraphQLSchema } from "graphql";
import { WITHOUT_BODY } from "../http/body-encoding.js";
import { withinTime } from "../http/body-time.js";
import { announcedLength } from "../http/request-body.js";
import { describeError } from "../http/http-error.js";
import type { ScanContext } from "../scan/context.js";
import { createOperationCheck } from "./limits/checks.js";
import { createDocuments } from "./limits/documents.js";
import { answerType } from "./transports/answer-type.js";
import { serveEventStream } from "./transports/event-stream.js";
import { serveHttp } from "./transports/http.js";
import { LIMITS } from "./limits/limits.js";
import { createOpenOperations } from "./transports/open-operations.js";
import type { Operations } from "./transports/operations.js";
import { createSchema, schemaDocument } from "./schema.js";
import { serveSockets } from "./transports/socket.js";
import { createSubscriptions } from "./transports/subscriptions.js";
import { OPEN_ROUTE } from "../http/open-route.js";

/** GraphQL over its three transports, and its schema as a document. Bodies must have the Content-Type of JSON. */
export async function graphqlRoutes(app: FastifyInstance, mesh: ScanContext): Promise<void> {
  const schema = createSchema();
  const operations: Operations = {
    schema,
    documents: createDocuments(schema, mesh.config.introspection),
    check: createOperationCheck(schema),
    open: createOpenOperations(mesh.config.subscriptionsMax),
    subscribe: createSubscriptions(mesh.log),
    log: mesh.log,
  };
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: LIMITS.bodyBytes },
    app.getDefaultJsonParser("ignore", "ignore"),
  );
  app.setErrorHandler((error, request, reply) => {
    const { status, code, message, retryAfter } = describeError(error, request);
    const wait = retryAfter === undefined ? {} : { retryAfter };
    const size = code === "TOO_LARGE" ? { limit: "bodyBytes", asked: sizeOf(request), most: LIMITS.bodyBytes } : {};
    return reply
      .status(status)
      .type(answerType(request.headers.accept))
      .headers(retryAfter === undefined ? {} : { "retry-after": retryAfter })
      .send({ errors: [new GraphQLError(message, { extensions: { code, ...wait, ...size } })] });
  });
  app.addHook("preParsing", async ({ method, raw, routeOptions }, reply, payload) => {
    // The body of a GET is never read, nor one that is refused for its length.
    if (WITHOUT_BODY.has(method) || announcedLength(raw) > routeOptions.bodyLimit) return payload;
    const body = withinTime(payload as Readable);
    // A body refused for its type is not read either, and its timer would outlive the answer.
    reply.raw.once("close", () => body.destroy());
    return body;
  });
  if (mesh.config.introspection) serveDocument(app, schema);
  await serveHttp(app, mesh, operations);
  serveEventStream(app, mesh, operations);
  serveSockets(app, mesh, operations);
}

function serveDocument(app: FastifyInstance, schema: GraphQLSchema): void {
  // Printed on demand, because few ask for it and the start should not wait for it.
  let document: string | undefined;
  app.get("/schema.graphql", OPEN_ROUTE, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send((document ??= schemaDocument(schema))),
  );
}

/** The size from the Content-Length; a body without it is not read beyond the limit. */
function sizeOf({ headers }: FastifyRequest): string {
  return headers["content-length"] ?? `more than ${LIMITS.bodyBytes}`;
}

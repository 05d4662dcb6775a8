import { Readable } from "node:stream";
import {
  ApolloServer,
  HeaderMap,
  type GraphQLRequestContextDidResolveSource,
  type GraphQLRequestContextResponseForOperation,
  type GraphQLResponse,
  type HTTPGraphQLResponse,
} from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from "@apollo/server/plugin/disabled";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { GraphQLError, type DocumentNode, type GraphQLFormattedError } from "graphql";
import type { Logger } from "pino";
import { clientLeft } from "../../http/client-left.js";
import { baseUrl, hostOf, searchOf } from "../../http/request.js";
import type { ScanContext } from "../../scan/context.js";
import { isRefused } from "../limits/documents.js";
import { LIMITS } from "../limits/limits.js";
import { chargeRootFields } from "../limits/root-field-rate.js";
import { answerType, mustBeAcceptable } from "./answer-type.js";
import type { Operations } from "./operations.js";
import { isRequestError, presentError } from "../context/present-error.js";
import { requestContext, type RequestContext } from "../context/request-context.js";

/** Queries and mutations over HTTP. */
export async function serveHttp(app: FastifyInstance, mesh: ScanContext, operations: Operations): Promise<void> {
  const server = createApollo(operations);
  await server.start();
  app.addHook("onClose", () => server.stop());
  app.route({
    method: ["GET", "POST"],
    url: "/graphql",
    config: { needs: "key" },
    bodyLimit: LIMITS.bodyBytes,
    handler: async (request, reply) => {
      const { accept } = request.headers;
      mustBeAcceptable(accept);
      if (request.method !== "POST" && !hasPreflightHeader(request))
        return reply
          .status(400)
          .type(answerType(accept))
          .send({ errors: [PLAIN_GET] });
      const search = searchOf(request.url);
      const source = request.method === "POST" ? (request.body as { query?: unknown } | null)?.query : search.get("query");
      const document = typeof source === "string" && source !== "" ? operations.documents(source) : undefined;
      if (document !== undefined && isRefused(document)) {
        return reply.status(400).type(answerType(accept)).send({ errors: document });
      }
      const context = requestContext(mesh, {
        caller: request.caller,
        baseUrl: baseUrl(mesh.config, hostOf(request), request.raw.socket),
        signal: clientLeft(request, reply),
      });
      const answer = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method === "HEAD" ? "GET" : request.method,
          headers: headersOf(request),
          search: `?${search.toString()}`,
          body: request.body,
        },
        context: async () => ({ ...context, document }),
      });
      return send(reply, answer);
    },
  });
}

/** The document is parsed before Apollo takes over, with the rules shared by all transports. */
interface HttpContext extends RequestContext {
  readonly document: DocumentNode | undefined;
}

function createApollo({ schema, check, log }: Operations): ApolloServer<HttpContext> {
  return new ApolloServer<HttpContext>({
    schema,
    dangerouslyDisableValidation: true,
    documentStore: null,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => present(formatted, error, log),
    logger: { debug: log.debug.bind(log), info: log.debug.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      { requestDidStart: async () => ({ didResolveSource, responseForOperation }) },
    ],
  });

  /** Apollo parses the source only if no document is set. */
  async function didResolveSource(asked: GraphQLRequestContextDidResolveSource<HttpContext>): Promise<void> {
    const { document } = asked.contextValue;
    if (document === undefined) throw new Error("a document was not read before it was to run");
    Object.assign(asked, { document });
  }

  async function responseForOperation({ document, request, operation, contextValue }: Resolved): Promise<GraphQLResponse | null> {
    const errors = operation?.operation === "subscription" ? [NOT_HERE] : check({ document, ...request }, contextValue.caller);
    if (errors.length === 0) {
      chargeRootFields(contextValue, { document, ...request });
      return null;
    }
    const singleResult = { errors: errors.map((error) => error.toJSON()) };
    return { body: { kind: "single", singleResult }, http: { status: statusOf(errors), headers: new HeaderMap() } };
  }
}

function statusOf(errors: readonly GraphQLError[]): number {
  return errors.some(({ extensions }) => extensions.code === "FORBIDDEN") ? 403 : 400;
}

type Resolved = GraphQLRequestContextResponseForOperation<HttpContext>;

const NOT_HERE = new GraphQLError(
  "subscriptions are served over WebSocket on /graphql (graphql-transport-ws) and over SSE on /graphql/stream",
  {
    extensions: { code: "BAD_REQUEST" },
  },
);

const PLAIN_GET = new GraphQLError(
  "a GET needs the header apollo-require-preflight: 1, which no plain link can send; or send the operation by POST as application/json (in urql: preferGetMethod: false)",
  { extensions: { code: "BAD_REQUEST" } },
);

/** Whether another site's page would need a preflight to send this. Apollo checks the same, but its error does not say what helps. */
function hasPreflightHeader({ headers }: FastifyRequest): boolean {
  return ["apollo-require-preflight", "x-apollo-operation-name", "content-type"].some((name) => Boolean(headers[name]));
}

/** For invalid requests Apollo sets the code only in the formatted error, which contains nothing confidential. */
function present(formatted: GraphQLFormattedError, error: unknown, log: Logger): GraphQLFormattedError {
  return isRequestError(formatted.extensions?.code) ? formatted : presentError(error, log).toJSON();
}

function headersOf(request: FastifyRequest): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

function send(reply: FastifyReply, { status, headers, body }: HTTPGraphQLResponse): FastifyReply {
  for (const [name, value] of headers) void reply.header(name, value);
  return reply.status(status ?? 200).send(body.kind === "complete" ? body.string : Readable.from(body.asyncIterator));
}

import { GraphQLError, type ExecutionResult, type GraphQLErrorExtensions } from "graphql";
import type { Logger } from "pino";
import { GatewayError } from "../../errors.js";

const REQUEST_ERRORS = new Set([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "BAD_USER_INPUT",
  "BAD_REQUEST",
  "OPERATION_RESOLUTION_FAILURE",
  "LIMIT_EXCEEDED",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

/** Whether an error with this code is about the request itself and is shown unchanged. */
export function isRequestError(code: unknown): boolean {
  return REQUEST_ERRORS.has(String(code));
}

/** An error as shown to clients. If it is not the client's fault, it is logged and shown as INTERNAL without its text. */
export function presentError(error: unknown, log: Logger): GraphQLError {
  const cause = rootCause(error);
  if (cause instanceof GatewayError) {
    const { code, message, retryAfter } = cause;
    return withExtensions(error, { code, ...(retryAfter === undefined ? {} : { retryAfter }) }, message);
  }
  if (error instanceof GraphQLError && isRequestError(error.extensions.code)) return error;
  log.error({ err: cause }, "a GraphQL operation failed");
  return withExtensions(error, { code: "INTERNAL" }, "internal error");
}

function rootCause(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootCause(error.originalError) : error;
}

/** A copy of an error with these extensions, at the same place in the document, without its cause. */
export function withExtensions(error: unknown, extensions: GraphQLErrorExtensions, message?: string): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message ?? String(error), { extensions });
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message ?? error.message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { ...error.extensions, ...extensions },
  });
}

/** A result with its errors as shown to clients. */
export function presentErrors(result: ExecutionResult, log: Logger): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => presentError(error, log)) } : result;
}

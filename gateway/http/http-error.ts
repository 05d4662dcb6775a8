import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { bodyTooLarge, GatewayError } from "../errors.js";

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfter?: number | undefined;
}

/** The answer to a failed request. If the error is not the client's fault, it is logged here, once, and answered without its text. */
export function describeError(error: unknown, request: FastifyRequest): ErrorAnswer {
  if (error instanceof GatewayError) return error;
  const { statusCode, code = "", message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500 && message !== undefined) {
    return { status: statusCode, code: CODES[statusCode] ?? "BAD_INPUT", message: TEXTS[code]?.(request) ?? message };
  }
  if (isDisconnect(error, request)) request.log.debug({ err: error }, "the client disconnected");
  else request.log.error({ err: error }, "a request failed");
  return { status: 500, code: "INTERNAL", message: "internal error" };
}

const CODES: Readonly<Record<number, string>> = { 404: "NOT_FOUND", 413: "TOO_LARGE" };

const TEXTS: Readonly<Record<string, (request: FastifyRequest) => string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ({ routeOptions }) => bodyTooLarge(routeOptions.bodyLimit).message,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedType,
  FST_ERR_CTP_EMPTY_JSON_BODY: () => "the body is empty",
  FST_ERR_CTP_INVALID_JSON_BODY: () => "the body is not JSON",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => "the body is not as long as Content-Length says",
};

const SHOWN = 100;

/** Only routes that accept nothing but JSON refuse a Content-Type. */
function unsupportedType({ headers }: FastifyRequest): string {
  const type = headers["content-type"]?.slice(0, SHOWN);
  return `${type === undefined ? "a body without a Content-Type" : `the Content-Type ${type}`} is not taken here: send application/json`;
}

const DISCONNECTS = new Set(["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"]);

function isDisconnect(error: unknown, request: FastifyRequest): boolean {
  return request.raw.destroyed && DISCONNECTS.has(String((error as { code?: unknown }).code));
}

/** Sends an error in the format of all routes except GraphQL: `{"error": text}`. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message, retryAfter } = describeError(error, request);
  if (retryAfter !== undefined) void reply.header("retry-after", retryAfter);
  return reply.status(status).send({ error: message });
}

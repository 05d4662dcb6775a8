import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { GatewayConfig } from "../config.js";
import { bodyTooLarge, GatewayError } from "../errors.js";
import { UnsupportedBody, WITHOUT_BODY } from "./body-encoding.js";

/** For routes that read their bodies themselves: accepts any Content-Type, even a malformed one. */
export function acceptAnyBody(app: FastifyInstance): void {
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async ({ method, raw }) => {
    if (WITHOUT_BODY.has(method)) return;
    const [, kind = "form-data"] = /^\s*multipart\/([^\s;,]{0,100})/i.exec(raw.headers["content-type"] ?? "") ?? [];
    if (kind.toLowerCase() !== "form-data")
      throw new UnsupportedBody(`a multipart/${kind} body is not taken here: send the file itself, or a form with it`);
    if (!isMultipart(raw.headers)) raw.headers["content-type"] = "application/octet-stream";
  });
}

/** The bytes of a request's body as they arrive, from the request itself or another stream. Throws TOO_LARGE beyond the limit. */
export async function* readBody(request: IncomingMessage, limit: number, body: Readable = request): AsyncGenerator<Buffer> {
  if (announcedLength(request) > limit) throw bodyTooLarge(limit);
  let size = 0;
  for await (const bytes of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > limit) throw bodyTooLarge(limit);
    yield bytes;
  }
}

/** The Content-Length of a body; 0 without one. */
export function announcedLength({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

export function isMultipart(headers: IncomingHttpHeaders): boolean {
  return /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

/** Overhead allowed for a form around its sample. */
export const FORM_BYTES = 1024 * 1024;

/** The size limit of a body with a sample. Throws TOO_LARGE if the Content-Length exceeds it, before reading anything. */
export function sampleBodyLimit(request: IncomingMessage, { uploadMaxBytes }: GatewayConfig): number {
  const limit = uploadMaxBytes + (isMultipart(request.headers) ? FORM_BYTES : 0);
  if (announcedLength(request) <= limit) return limit;
  throw new GatewayError("TOO_LARGE", `a sample may have ${uploadMaxBytes} bytes`);
}

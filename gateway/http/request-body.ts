import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyInstance } from "fastify";
import type { GatewayConfig } from "../config.js";
import { bodyTooLarge, GatewayError } from "../errors.js";

const LIMITS = { fieldNameSize: 200, fieldSize: 64 * 1024, fields: 100, files: 20, headerPairs: 100 };

/** A file of a form. Its bytes end when the whole form has been read: then `fields` is complete, whatever their order was. */
export interface FormFile {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Form {
  /** Text fields by name. The first of several with the same name counts. */
  readonly fields: ReadonlyMap<string, string>;
  /** The first file, or that of the field that was asked for; undefined if there is none. */
  readonly file: FormFile | undefined;
}

/**
 * Reads a form of at most `limit` bytes up to its file; the rest is read along with the file's bytes. Throws TOO_LARGE, and
 * BAD_INPUT for a body that is not a form, for too many or too long fields, and for a second file: no file is ignored silently.
 * (Browsers send an empty file input as a file without a name.)
 */
export async function readForm(request: IncomingMessage, limit: number, fileField?: string): Promise<Form> {
  if (announcedLength(request) > limit) throw bodyTooLarge(limit);
  const fields = new Map<string, string>();
  const parser = createParser(request.headers);
  let stream: Readable | undefined;
  let extraFile: string | undefined;
  let resolveFile = (_file: FormFile) => {};
  const file = new Promise<FormFile>((resolve) => (resolveFile = resolve));
  let end = (_failure?: Error) => {};
  const ended = new Promise<Error | undefined>((resolve) => (end = resolve));
  const malformed = (cause: unknown) => end(invalidForm(undefined, cause));
  parser.once("finish", () => end(stream && extraFile !== undefined ? invalidField(extraFile) : undefined));
  parser.once("error", malformed);
  for (const kind of ["fields", "files"] as const) {
    parser.once(`${kind}Limit`, () => end(invalidForm(`more than ${LIMITS[kind]} ${kind}`)));
  }
  let size = 0;
  const count = (bytes: Buffer) => {
    size += bytes.length;
    if (size > limit) end(bodyTooLarge(limit));
  };
  request.on("data", count);
  request.once("error", end);
  request.once("close", () => {
    if (!request.complete) end(new GatewayError("BAD_INPUT", "the upload was cut off"));
  });
  void ended.then((failure) => {
    request.unpipe(parser).off("data", count);
    if (failure) stream?.destroy(failure);
  });
  parser.on("field", (field: string, value: string, _: boolean, isTruncated: boolean) => {
    if (isTruncated) end(invalidForm(`a field of more than ${LIMITS.fieldSize} bytes`));
    if (!fields.has(field)) fields.set(field, value);
  });
  parser.on("file", (field: string, content: Readable, name: string | undefined) => {
    // Also for files that are not read: an error without a listener would end the process.
    content.on("error", malformed);
    if (stream !== undefined || (fileField !== undefined && field !== fileField)) {
      if (field === fileField || name) extraFile ??= field;
      return void content.resume();
    }
    stream = content;
    resolveFile({ name: name ?? "", bytes: untilEnd(content, ended) });
  });
  request.pipe(parser);
  const first = await Promise.race([file, ended]);
  if (first instanceof Error) throw first;
  return { fields, file: first };
}

function invalidField(field: string): GatewayError {
  return new GatewayError("BAD_INPUT", `invalid parameter: ${field}`);
}

function invalidForm(why?: string, cause?: unknown): GatewayError {
  return new GatewayError("BAD_INPUT", why === undefined ? "invalid multipart" : `invalid multipart: ${why}`, { cause });
}

function createParser(headers: IncomingHttpHeaders): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: headers as BusboyHeaders, limits: LIMITS });
  } catch (cause) {
    throw invalidForm(undefined, cause);
  }
}

async function* untilEnd(content: Readable, ended: Promise<Error | undefined>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of content) yield chunk as Uint8Array;
  } catch (error) {
    throw (await ended) ?? error;
  }
  const failure = await ended;
  if (failure) throw failure;
}

/** For routes that read their bodies themselves: accepts any Content-Type, also a malformed one. */
export function acceptAnyBody(app: FastifyInstance): void {
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async ({ raw }) => {
    if (!isMultipart(raw.headers)) raw.headers["content-type"] = "application/octet-stream";
  });
}

/** The bytes of a body as they arrive. Throws TOO_LARGE beyond the limit. */
export async function* readBody(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  if (announcedLength(request) > limit) throw bodyTooLarge(limit);
  let size = 0;
  for await (const bytes of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > limit) throw bodyTooLarge(limit);
    yield bytes;
  }
}

/** The Content-Length of a body; 0 without one. */
function announcedLength({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

export function isMultipart(headers: IncomingHttpHeaders): boolean {
  return /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

/** Bytes that a form may have besides its sample. */
const FORM_BYTES = 1024 * 1024;

/** The largest body with a sample. Throws TOO_LARGE if the Content-Length is above it: such a body is not read at all. */
export function sampleBodyLimit(request: IncomingMessage, { uploadMaxBytes }: GatewayConfig): number {
  const limit = uploadMaxBytes + (isMultipart(request.headers) ? FORM_BYTES : 0);
  if (announcedLength(request) <= limit) return limit;
  throw new GatewayError("TOO_LARGE", `a sample may have ${uploadMaxBytes} bytes`);
}

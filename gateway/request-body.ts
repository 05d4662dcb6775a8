import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyInstance } from "fastify";
import type { GatewayConfig } from "./config.js";
import { bodyTooLarge, GatewayError } from "./errors.js";

const LIMITS = { fieldNameSize: 200, fieldSize: 64 * 1024, fields: 100, files: 20, headerPairs: 100 };

/** A file of a form. Its bytes end when the whole form has been read: by then `fields` has every field, wherever it stood. */
export interface FormFile {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Form {
  /** Text fields by name; of several with one name the first. */
  readonly fields: ReadonlyMap<string, string>;
  /** The file, of that field if one is named; undefined if the form has none. */
  readonly file: FormFile | undefined;
}

/**
 * Reads a form up to its file; what follows is read along with the file's bytes. Throws BAD_INPUT for what is not a form, and
 * for another file in it: none is passed over in silence. (What browsers send of an empty file input has no name.)
 */
export async function readForm(request: IncomingMessage, fileField?: string): Promise<Form> {
  const fields = new Map<string, string>();
  const parser = createParser(request.headers);
  let stream: Readable | undefined;
  let spare: string | undefined;
  let opened = (_file: FormFile) => {};
  const file = new Promise<FormFile>((resolve) => (opened = resolve));
  let end = (_failure?: Error) => {};
  const ended = new Promise<Error | undefined>((resolve) => (end = resolve));
  const malformed = (cause: unknown) => end(new GatewayError("BAD_INPUT", "invalid multipart", { cause }));
  parser.once("finish", () => end(stream && spare !== undefined ? tooMany(spare) : undefined));
  parser.once("error", malformed);
  request.once("error", end);
  request.once("close", () => {
    if (!request.complete) end(new GatewayError("BAD_INPUT", "the upload was cut off"));
  });
  void ended.then((failure) => {
    request.unpipe(parser);
    if (failure) stream?.destroy(failure);
  });
  parser.on("field", (field: string, value: string) => {
    if (!fields.has(field)) fields.set(field, value);
  });
  parser.on("file", (field: string, content: Readable, name: string | undefined) => {
    // Also of what is passed over: an error that nobody hears ends the process.
    content.on("error", malformed);
    if (stream !== undefined || (fileField !== undefined && field !== fileField)) {
      if (field === fileField || name) spare ??= field;
      return void content.resume();
    }
    stream = content;
    opened({ name: name ?? "", bytes: untilEnd(content, ended) });
  });
  request.pipe(parser);
  const first = await Promise.race([file, ended]);
  if (first instanceof Error) throw first;
  return { fields, file: first };
}

function tooMany(field: string): GatewayError {
  return new GatewayError("BAD_INPUT", `invalid parameter: ${field}`);
}

function createParser(headers: IncomingHttpHeaders): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: headers as BusboyHeaders, limits: LIMITS });
  } catch (cause) {
    throw new GatewayError("BAD_INPUT", "invalid multipart", { cause });
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

/** For routes that read their bodies themselves, whatever these are called; a Content-Type that is none is no mistake there. */
export function takeAnyBody(app: FastifyInstance): void {
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async ({ raw }) => {
    if (!isMultipart(raw.headers)) raw.headers["content-type"] = "application/octet-stream";
  });
}

/** A body that is no form, as it comes, up to so many bytes. */
export async function* bodyOf(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw bodyTooLarge(limit);
  let size = 0;
  for await (const bytes of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > limit) throw bodyTooLarge(limit);
    yield bytes;
  }
}

export function isMultipart(headers: IncomingHttpHeaders): boolean {
  return /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

/** What says that it is too long is not read at all. */
export function refuseLongBody({ headers }: IncomingMessage, { SCANMESH_UPLOAD_LIMIT }: GatewayConfig): void {
  const slack = isMultipart(headers) ? 1024 * 1024 : 0;
  if (Number(headers["content-length"] ?? 0) <= SCANMESH_UPLOAD_LIMIT + slack) return;
  throw new GatewayError("TOO_LARGE", `a sample may have ${SCANMESH_UPLOAD_LIMIT} bytes`);
}

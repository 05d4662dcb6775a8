import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyInstance } from "fastify";
import type { GatewayConfig } from "../config.js";
import { bodyTooLarge, GatewayError } from "../errors.js";

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
 * Reads a form of at most so many bytes up to its file; what follows is read along with the file's bytes. Throws TOO_LARGE, and
 * BAD_INPUT for what is not a form, for too many or too long fields, and for another file in it: nothing is passed over in
 * silence. (What browsers send of an empty file input has no name.)
 */
export async function readForm(request: IncomingMessage, limit: number, fileField?: string): Promise<Form> {
  if (announced(request) > limit) throw bodyTooLarge(limit);
  const fields = new Map<string, string>();
  const parser = createParser(request.headers);
  let stream: Readable | undefined;
  let spare: string | undefined;
  let opened = (_file: FormFile) => {};
  const file = new Promise<FormFile>((resolve) => (opened = resolve));
  let end = (_failure?: Error) => {};
  const ended = new Promise<Error | undefined>((resolve) => (end = resolve));
  const malformed = (cause: unknown) => end(invalidForm(undefined, cause));
  parser.once("finish", () => end(stream && spare !== undefined ? tooMany(spare) : undefined));
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
  parser.on("field", (field: string, value: string, _: boolean, isCut: boolean) => {
    if (isCut) end(invalidForm(`a field of more than ${LIMITS.fieldSize} bytes`));
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

/** For routes that read their bodies themselves, whatever these are called; a Content-Type that is none is no mistake there. */
export function takeAnyBody(app: FastifyInstance): void {
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async ({ raw }) => {
    if (!isMultipart(raw.headers)) raw.headers["content-type"] = "application/octet-stream";
  });
}

/** A body that is no form, as it comes, up to so many bytes. */
export async function* bodyOf(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  if (announced(request) > limit) throw bodyTooLarge(limit);
  let size = 0;
  for await (const bytes of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > limit) throw bodyTooLarge(limit);
    yield bytes;
  }
}

/** How long it says that it is; 0 if it does not say. */
function announced({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

export function isMultipart(headers: IncomingHttpHeaders): boolean {
  return /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

/** What a form may have beside its sample. */
const FORM_BYTES = 1024 * 1024;

/** The most bytes of a body with a sample. What says that it is longer is not read at all: TOO_LARGE. */
export function sampleBodyLimit(request: IncomingMessage, { uploadMaxBytes }: GatewayConfig): number {
  const limit = uploadMaxBytes + (isMultipart(request.headers) ? FORM_BYTES : 0);
  if (announced(request) <= limit) return limit;
  throw new GatewayError("TOO_LARGE", `a sample may have ${uploadMaxBytes} bytes`);
}

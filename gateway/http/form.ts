import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Dicer } from "@fastify/busboy";
import { bodyTooLarge, GatewayError } from "../errors.js";
import { readFormPart, UNNAMED, type FormPart, type PartHeaders } from "./form-part.js";
import { readHeaderParameters } from "./header-parameters.js";
import { announcedLength } from "./request-body.js";

const LIMITS = { fieldSize: 64 * 1024, fields: 100, files: 20, headerPairs: 100 };

/** A file in a form. Its bytes end when the whole form has been read, so `fields` is complete then, whatever the order of the parts. */
export interface FormFile {
  /** Never empty. */
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Form {
  /** Text fields by name. If a name occurs more than once, the first counts. */
  readonly fields: ReadonlyMap<string, string>;
  /** The first file, or the one in the requested field; undefined if there is none. */
  readonly file: FormFile | undefined;
}

export interface FormOptions {
  /** The name of the field to read the file from; by default any field. */
  readonly fileField?: string;
  /** Stops reading and fails with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a form of at most `limit` bytes up to its file; the rest is read along with the file's bytes. Throws TOO_LARGE, and BAD_INPUT for a
 * body that is not a form, encoded parts (base64), too many or too long fields, and a second file: no file is ignored silently. An empty
 * file input, which browsers send without a name and bytes, does not count as a file.
 */
export async function readForm(request: IncomingMessage, limit: number, { fileField, signal }: FormOptions = {}): Promise<Form> {
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
  let size = 0;
  const count = (bytes: Buffer) => {
    size += bytes.length;
    if (size > limit) end(bodyTooLarge(limit));
  };
  const stop = () => end(signal?.reason as Error);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  request.on("data", count);
  request.once("error", end);
  request.once("close", () => {
    if (!request.complete) end(new GatewayError("BAD_INPUT", "the upload was cut off"));
  });
  void ended.then((failure) => {
    request.unpipe(parser).off("data", count);
    signal?.removeEventListener("abort", stop);
    if (failure) stream?.destroy(failure);
  });
  const seen = { fields: 0, files: 0 };
  parser.on("part", (content) => {
    // Also needed for parts that are not read: an error without a listener would end the process.
    content.on("error", malformed);
    content.on("header", (headers: PartHeaders) => {
      const part = readFormPart(headers);
      if (!part) return void content.resume();
      if (part.transferEncoding !== undefined) {
        end(invalidForm(`the part ${part.field} is sent as ${part.transferEncoding}: send its bytes as they are`));
        return void content.resume();
      }
      const kind = part.fileName === undefined ? "fields" : "files";
      seen[kind] += 1;
      if (seen[kind] > LIMITS[kind]) {
        end(invalidForm(`more than ${LIMITS[kind]} ${kind}`));
        content.resume();
      } else if (kind === "fields") readField(content, part);
      else if (part.fileName !== "") takeFile(content, part);
      else content.once("readable", () => (content.readableLength > 0 ? takeFile(content, part) : content.resume()));
    });
  });
  request.pipe(parser);
  const first = await Promise.race([file, ended]);
  if (first instanceof Error) throw first;
  return { fields, file: first };

  function readField(content: Readable, { field, charset }: FormPart): void {
    const parts: Buffer[] = [];
    let length = 0;
    content.on("data", (bytes: Buffer) => {
      length += bytes.length;
      if (length > LIMITS.fieldSize) end(invalidForm(`a field of more than ${LIMITS.fieldSize} bytes`));
      else parts.push(bytes);
    });
    content.once("end", () => {
      if (!fields.has(field)) fields.set(field, decode(Buffer.concat(parts), charset));
    });
  }

  function takeFile(content: Readable, { field, fileName }: FormPart): void {
    if (stream !== undefined || (fileField !== undefined && field !== fileField)) {
      extraFile ??= field;
      return void content.resume();
    }
    stream = content;
    resolveFile({ name: fileName || UNNAMED, bytes: untilEnd(content, ended) });
  }
}

function invalidField(field: string): GatewayError {
  return new GatewayError("BAD_INPUT", `invalid parameter: ${field}`);
}

function invalidForm(why?: string, cause?: unknown): GatewayError {
  return new GatewayError("BAD_INPUT", why === undefined ? "invalid multipart" : `invalid multipart: ${why}`, { cause });
}

function createParser(headers: IncomingHttpHeaders): Dicer {
  const boundary = readHeaderParameters(headers["content-type"] ?? "").get("boundary");
  if (boundary === undefined) throw invalidForm();
  return new Dicer({ boundary, maxHeaderPairs: LIMITS.headerPairs });
}

/** Text in an unknown character set is read as UTF-8. */
function decode(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return bytes.toString();
    throw error;
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

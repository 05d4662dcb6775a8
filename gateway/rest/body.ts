import { isAscii, isUtf8 } from "node:buffer";
import type { FastifyRequest } from "fastify";
import { GatewayError } from "../errors.js";
import { isMultipart, readForm } from "../request-body.js";
import { invalidJson } from "./parameters.js";

/** The body as it came. It is let go of here: while it is read as something else, there are two copies of it and not three. */
function takeBody(request: FastifyRequest): Buffer {
  const { body } = request;
  request.body = undefined;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** The body as JSON, whatever its Content-Type says. */
export function jsonOf(request: FastifyRequest): unknown {
  return parsed(textOf(takeBody(request)));
}

function textOf(body: Buffer): string {
  // Text of one byte a character takes half the memory of any other.
  if (isAscii(body)) return body.toString("latin1");
  if (isUtf8(body)) return body.toString("utf8").replace(/^\ufeff/, "");
  throw invalidJson();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidJson(cause);
  }
}

const FORM_BYTES = 1024 * 1024;

/**
 * What a caller of the generation before says: in the query, in a form of either kind, or in JSON. Of several values of one
 * name the last counts, and the body's before the query's.
 */
export async function inputOf(request: FastifyRequest): Promise<ReadonlyMap<string, string>> {
  const query = Object.entries(request.query as Record<string, string | string[]>);
  const input = new Map(query.map(([name, value]) => [name, [value].flat().at(-1) ?? ""]));
  for (const [name, value] of await bodyInput(request)) input.set(name, value);
  return input;
}

async function bodyInput(request: FastifyRequest): Promise<Iterable<readonly [string, string]>> {
  if (isMultipart(request.headers)) {
    if (Number(request.headers["content-length"] ?? 0) > FORM_BYTES) throw new GatewayError("TOO_LARGE", "the body is too large");
    return (await readForm(request.raw, "")).fields;
  }
  const text = takeBody(request).toString("utf8");
  if (!/^\s*\{/.test(text)) return new URLSearchParams(text);
  const values = Object.entries(parsed(text) as Record<string, unknown>);
  return values.flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" ? [[name, String(value)] as const] : [],
  );
}

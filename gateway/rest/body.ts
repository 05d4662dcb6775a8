import type { FastifyRequest } from "fastify";
import { withinTime } from "../http/body-time.js";
import { readForm } from "../http/form.js";
import { FORM_BYTES, readBody, isMultipart } from "../http/request-body.js";
import { parseJson } from "./split-json.js";

/**
 * The parameters of a request of the API before /api/v1: from the query, a form of either kind, or JSON. Of several values of one
 * name the last counts, and a value of the body before one of the query.
 */
export async function readInput(request: FastifyRequest): Promise<ReadonlyMap<string, string>> {
  const query = Object.entries(request.query as Record<string, string | string[]>);
  const input = new Map(query.map(([name, value]) => [name, [value].flat().at(-1) ?? ""]));
  for (const [name, value] of await bodyInput(request)) input.set(name, value);
  return input;
}

async function bodyInput(request: FastifyRequest): Promise<Iterable<readonly [string, string]>> {
  if (isMultipart(request.headers)) return (await readForm(request.raw, FORM_BYTES, "")).fields;
  const parts: Buffer[] = [];
  const arrived = withinTime(request.raw);
  for await (const bytes of readBody(request.raw, FORM_BYTES, arrived)) parts.push(bytes);
  const body = Buffer.concat(parts);
  const text = body.toString();
  if (!/^\s*\{/.test(text)) return new URLSearchParams(text);
  const values = Object.entries(parseJson(body) as Record<string, unknown>);
  return values.flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" ? [[name, String(value)] as const] : [],
  );
}

import type { FastifyRequest } from "fastify";
import { bodyTimeLimit, withinTime } from "../http/body-time.js";
import { readForm, type Form } from "../http/form.js";
import { FORM_BYTES, readBody, isMultipart } from "../http/request-body.js";
import { parseJson } from "./split-json.js";

/**
 * The parameters of a request to the API that preceded /api/v1: from the query, a form of either kind, or JSON. If a name occurs more than
 * once, the last value wins, and the body takes precedence over the query. Any kind of body must arrive within `bodyMs`.
 */
export async function readInput(request: FastifyRequest, bodyMs?: number): Promise<ReadonlyMap<string, string>> {
  const query = Object.entries(request.query as Record<string, string | string[]>);
  const input = new Map(query.map(([name, value]) => [name, [value].flat().at(-1) ?? ""]));
  if (request.method === "POST") for (const [name, value] of await bodyInput(request, bodyMs)) input.set(name, value);
  return input;
}

async function bodyInput(request: FastifyRequest, bodyMs?: number): Promise<Iterable<readonly [string, string]>> {
  if (isMultipart(request.headers)) return readFields(request, bodyMs);
  const parts: Buffer[] = [];
  const arrived = withinTime(request.raw, bodyMs);
  try {
    for await (const bytes of readBody(request.raw, FORM_BYTES, arrived)) parts.push(bytes);
  } finally {
    // The rest of a body that is too large is not read.
    arrived.destroy();
  }
  const body = Buffer.concat(parts);
  const text = body.toString();
  if (!/^\s*\{/.test(text)) return new URLSearchParams(text);
  const values = Object.entries(parseJson(body) as Record<string, unknown>);
  return values.flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" ? [[name, String(value)] as const] : [],
  );
}

async function readFields({ raw }: FastifyRequest, bodyMs?: number): Promise<Form["fields"]> {
  const { signal, clear } = bodyTimeLimit(bodyMs);
  try {
    // No field has this name, so the form is read to its end.
    return (await readForm(raw, FORM_BYTES, { fileField: "", signal })).fields;
  } finally {
    clear();
  }
}

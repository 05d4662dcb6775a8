/** Makes the OpenAPI document from the table of routes. */

import { z } from "zod";
import type { Operation } from "./endpoint.js";
import { ROUTES } from "./route-table.js";
import { Failure } from "./schemas.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export interface OpenApi {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonObject>>;
    readonly securitySchemes: Readonly<Record<string, JsonObject>>;
  };
}

export interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly { name: string; in: string; required: boolean; description?: string; schema: JsonObject }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: JsonObject }>>;

/** Errors that any endpoint may return. */
const COMMON_ERRORS: Readonly<Record<number, string>> = {
  500: "A fault of the gateway: its log says more.",
  401: "An API key is needed, and none was shown or it cannot be used.",
  403: "The key does not allow this; or, where no key is needed, this Host or Origin is not allowed.",
  429: "The key does too much; `Retry-After` says when to go on.",
  503: "The database is not reachable, or has too much to do; `Retry-After` says when to try again.",
};

/** Errors that any endpoint with a body may return. */
const BODY_ERRORS: Readonly<Record<number, string>> = {
  400: "The body cannot be read.",
  408: "The body took too long to arrive.",
  413: "The body is too large.",
  415: "The body is compressed, or of several parts and no form.",
};

export function openApi(): OpenApi {
  const schemas: Record<string, JsonObject> = {};
  const paths = Object.entries(ROUTES).map(([path, verbs]) => {
    const operations = Object.entries(verbs).map(([verb, endpoint]) => {
      const method = verb.toLowerCase();
      return [method, describe(operationId(method, path), endpoint.operation, method === "post", schemas)] as const;
    });
    return [path.replace(/:(\w+)/g, "{$1}"), Object.fromEntries(operations)] as const;
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "ScanMesh",
      version: "1",
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
      description:
        'The REST API for clients of MultiAV2. Mistakes are answered with `{"error": text}`: 400, an unknown path 404, a wrong verb 405 with `Allow`. HEAD is served where GET is. Where the mesh asks for API keys, send one as `Authorization: Bearer sm_…` or `X-API-Key`.',
    },
    servers: [{ url: "/", description: "The gateway that gave this document." }],
    security: [{ bearer: [] }, { apiKey: [] }, {}],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key, `sm_…`, where the mesh asks for one." },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same in a header of its own." },
      },
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

/** E.g. `getApiV1SampleById`. */
function operationId(method: string, path: string): string {
  const words = path.split("/").filter((word) => word !== "");
  const name = words.map((word) => (word.startsWith(":") ? `by-${word.slice(1)}` : word)).join("-");
  return `${method}-${name}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function describe(id: string, operation: Operation, takesBody: boolean, schemas: Record<string, JsonObject>): Described {
  const { summary, description, path, query, headers, body, answer, errors } = operation;
  const show = (schema: z.ZodType) => jsonSchema(schema, schemas);
  const parameters = [
    ...describeParameters("path", path, show),
    ...describeParameters("query", query, show),
    ...describeParameters("header", headers, show),
  ];
  const content = (types: Readonly<Record<string, z.ZodType>>): Content =>
    Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema: show(schema) }]));
  const failures = Object.entries({ ...COMMON_ERRORS, ...(takesBody ? BODY_ERRORS : {}), ...errors }).map(
    ([status, text]) => [status, { description: text, content: content({ "application/json": Failure }) }] as const,
  );
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined || !takesBody ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: { 200: { description: "Done.", content: content(answer) }, ...Object.fromEntries(failures) },
  };
}

function describeParameters(
  place: "path" | "query" | "header",
  schema: z.ZodObject | undefined,
  show: (schema: z.ZodType) => JsonObject,
) {
  return Object.entries(schema?.shape ?? {}).map(([name, type]) => {
    const { description, ...rest } = show(type as z.ZodType);
    const required = place === "path";
    return { name, in: place, required, ...(typeof description === "string" ? { description } : {}), schema: rest };
  });
}

/** Converts a schema to JSON Schema. Named schemas are put into `schemas` and referenced. */
function jsonSchema(schema: z.ZodType, schemas: Record<string, JsonObject>): JsonObject {
  const document = z.toJSONSchema(z.object({ it: schema }));
  const text = JSON.stringify(document).replaceAll("#/$defs/", "#/components/schemas/");
  const { properties, $defs } = JSON.parse(text) as { properties: { it: JsonObject }; $defs?: Record<string, JsonObject> };
  for (const [id, definition] of Object.entries($defs ?? {})) {
    const { id: _, ...rest } = definition;
    schemas[id] = rest;
  }
  return properties.it;
}

/** Determines the caller of each request from its API key, and what each route requires of that key. */

import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Scope } from "../../schema/scopes.js";
import { mustHave, openCaller, type Caller } from "../caller.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

/** What a route requires: a key with a scope, any key (the handler checks scopes), or none. */
export type RouteNeed = Scope | "key" | "open";

declare module "fastify" {
  interface FastifyContextConfig {
    /** If it is missing, the route requires `admin`. */
    needs?: RouteNeed;
  }
  interface FastifyRequest {
    /** Set before any handler runs. */
    caller: Caller;
  }
}

/** Sets the caller of every request, or refuses it. */
export function authenticateRequests(app: FastifyInstance, ctx: ScanContext): void {
  app.decorateRequest("caller");
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.needs === undefined)
      ctx.log.error({ method, url }, "a route does not say which scope it needs; only admin can call it");
  });
  app.addHook("onRequest", async (request, reply) => {
    const needs = request.is404 ? "open" : (request.routeOptions.config.needs ?? "admin");
    if (needs === "open") {
      request.caller = anonymous(request.ip, request.id);
      return;
    }
    try {
      const caller = await authenticate(ctx, keyInHeaders(request.headers), request.ip, request.id);
      if (caller.key) ctx.keyring.admit(caller.key.id);
      request.caller = caller;
    } catch (error) {
      if (error instanceof GatewayError && error.code === "UNAUTHENTICATED")
        void reply.header("www-authenticate", 'Bearer realm="ScanMesh"');
      throw error;
    }
    if (needs !== "key") mustHave(request.caller, needs);
  });
}

/** The caller who owns this key. Throws UNAUTHENTICATED. */
export async function authenticate(
  { config, keyring }: ScanContext,
  text: string | undefined,
  address: string,
  requestId: string,
): Promise<Caller> {
  if (config.auth === "off") return openCaller(address, requestId);
  if (text === undefined) throw new GatewayError("UNAUTHENTICATED", NO_KEY);
  const { scopes, ...key } = await keyring.recognise(text);
  return { key, scopes: new Set(scopes), address, requestId };
}

const NO_KEY = "this needs an API key: as Authorization: Bearer, as X-API-Key, or over WebSocket as apiKey in connectionParams";

function anonymous(address: string, requestId: string): Caller {
  return { key: null, scopes: new Set(), address, requestId };
}

/** The key in the headers of a request. */
export function keyInHeaders(headers: IncomingHttpHeaders): string | undefined {
  const own = headers["x-api-key"];
  return bearer(headers.authorization) ?? (Array.isArray(own) ? own[0] : own);
}

/** The key in the `connectionParams` of a WebSocket: `apiKey`, or `authorization` in the form of the header. */
export function keyInParameters(parameters: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const { apiKey, authorization, Authorization } = parameters ?? {};
  if (typeof apiKey === "string") return apiKey;
  return bearer([authorization, Authorization].find((value) => typeof value === "string"));
}

function bearer(value: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(value?.trim() ?? "")?.[1];
}

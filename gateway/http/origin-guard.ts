/**
 * Who may call a gateway that asks for no key. The Host rule closes DNS rebinding, for reads too; the Origin rule keeps
 * other web pages from changing or watching anything. Programs send no Origin and pass. Where a key is required neither is
 * needed: a browser adds no key by itself, so a page can do nothing that its user did not give it a key for.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import { isLoopback, type GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";

type GuardConfig = Pick<GatewayConfig, "auth" | "hosts" | "origins">;

export interface Visit {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** A WebSocket upgrade, an event stream, a GraphQL operation or a download: guarded whatever its method. */
  readonly live: boolean;
}

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Why this caller is refused, or undefined if it may go on. */
export function refusal(config: GuardConfig, { method, headers, live }: Visit): string | undefined {
  if (config.auth === "keys") return undefined;
  const { host, origin } = headers;
  const name = hostName(host);
  if (name === undefined || !(isLoopback(name) || isListed(config.hosts, name))) {
    return "this Host is not allowed; SCANMESH_HOSTS lists those that are";
  }
  const guarded = live || !READS.has(method);
  if (!guarded || isOwnOrListed(config, origin, headers)) return undefined;
  return "pages of this Origin are not allowed; SCANMESH_ORIGINS lists those that are";
}

/** A link or an image of another page comes without an Origin, but browsers say where it stands. */
function isOwnOrListed({ origins }: GuardConfig, origin: string | undefined, headers: IncomingHttpHeaders): boolean {
  if (origin === undefined) return !/^(cross|same)-site$/.test(String(headers["sec-fetch-site"] ?? ""));
  return isOwn(origin, headers.host) || origins.includes(origin);
}

/** The name in a Host header, lower case, without port and brackets. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isListed(hosts: readonly string[], name: string): boolean {
  return hosts.some((host) => host.toLowerCase().replace(/^\[|\]$/g, "") === name);
}

/** Whether a page comes from the gateway itself, by whatever scheme a proxy before it speaks. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin) || host === undefined) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return false;
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost;
}

const ALLOWED_HEADERS = "authorization, content-type, idempotency-key, x-api-key, x-request-id, apollo-require-preflight";

/** Applies the rules to every request, and answers the browsers of the origins that are listed. */
export function guardOrigins(app: FastifyInstance, config: GuardConfig): void {
  app.addHook("onRequest", async (request, reply) => {
    // The route and not the path as it was sent: a path can be written in many ways.
    const live = /^\/(graphql|samples)(\/|$)/.test(request.routeOptions.url ?? "");
    const refused = refusal(config, {
      method: request.method,
      headers: request.headers,
      live: live && request.method !== "OPTIONS",
    });
    if (refused !== undefined) throw new GatewayError("FORBIDDEN", refused);
    const { origin } = request.headers;
    if (config.origins.length > 0) void reply.header("vary", "Origin");
    if (origin === undefined || !config.origins.includes(origin)) return;
    void reply.header("access-control-allow-origin", origin);
    void reply.header("access-control-expose-headers", "link, retry-after, www-authenticate, x-request-id");
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return;
    await reply
      .headers({
        "access-control-allow-methods": "GET, HEAD, POST, PUT",
        "access-control-allow-headers": ALLOWED_HEADERS,
        "access-control-max-age": "600",
      })
      .status(204)
      .send();
  });
}

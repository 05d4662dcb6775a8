/**
 * Protects a gateway without API keys from web pages. The Host rule stops DNS rebinding, also for reads. The Origin rule stops pages of
 * other origins from changing or watching anything. Programs send no Origin and pass. With keys neither rule is needed: browsers do not add
 * a key by themselves, so a page can only do what the user's key allows.
 */

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import type { GatewayConfig } from "../config.js";
import { isLoopback } from "./config.js";
import { GatewayError } from "../errors.js";

type GuardConfig = Pick<GatewayConfig, "auth" | "hosts" | "origins">;

export interface GuardedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /**
   * Whether this is a WebSocket upgrade, an event stream, a GraphQL operation, a download or a list. These are guarded for any method: a
   * page can keep the database busy with long lists without seeing the answers.
   */
  readonly isGuarded: boolean;
  /** Whether it carries its own proof that it does not come from a page, and so may use any host name: a joining host or a fetcher. */
  readonly isProven?: boolean;
  /** Whether it is HTTP/1.0, which has no Host header, and comes from this machine. No browser sends such requests. */
  readonly isOld: boolean;
}

/** Methods that change nothing. */
export const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Why a request is refused; undefined if it is allowed. */
export function refusal(
  config: GuardConfig,
  { method, headers, isGuarded, isProven, isOld }: GuardedRequest,
): string | undefined {
  if (config.auth === "keys" || isProven) return undefined;
  const { host } = headers;
  const name = hostName(host);
  if (host === undefined && isOld) return isGuarded || !READS.has(method) ? originProblem(config, headers) : undefined;
  if (name === undefined || !(isLoopback(name) || isListed(config.hosts, name))) {
    return "this Host is not allowed; SCANMESH_HOSTS lists those that are";
  }
  return isGuarded || !READS.has(method) ? originProblem(config, headers) : undefined;
}

function originProblem(config: GuardConfig, headers: IncomingHttpHeaders): string | undefined {
  if (isOwnOrListed(config, headers.origin, headers)) return undefined;
  return "pages of this Origin are not allowed; SCANMESH_ORIGINS lists those that are";
}

function isOldAndLocal({ httpVersion, socket }: IncomingMessage): boolean {
  return httpVersion === "1.0" && isLoopback((socket.remoteAddress ?? "").replace(/^::ffff:/, ""));
}

/** Links and images on other pages are requested without Origin; browsers then give the site in Sec-Fetch-Site. */
function isOwnOrListed({ origins }: GuardConfig, origin: string | undefined, headers: IncomingHttpHeaders): boolean {
  if (origin === undefined) return !/^(cross|same)-site$/.test(String(headers["sec-fetch-site"] ?? ""));
  return isOwn(origin, headers.host) || origins.includes(origin);
}

/** The lower-case name in a Host header, without port and brackets. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isListed(hosts: readonly string[], name: string): boolean {
  return hosts.some((host) => host.toLowerCase().replace(/^\[|\]$/g, "") === name);
}

/** Whether a page comes from the gateway itself, with whatever scheme a proxy in front of it uses. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin) || host === undefined) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return false;
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost;
}

const GUARDED = /^(\/(graphql|samples)(\/.*)?|\/api\/v1\/sample|\/api\/search|\/export\/csv)$/;
/** Requests to these paths carry a token or key that no page has. */
const PROVEN = /^\/(join(\/|$)|bundles\/:token(\/|$))/;
/** Headers that pages may send: for the API, Apollo's clients, and tracing (W3C Trace Context, B3, Sentry). */
const ALLOWED_HEADERS = [
  "authorization, content-type, idempotency-key, x-api-key, x-request-id",
  "apollo-require-preflight, apollographql-client-name, apollographql-client-version, x-apollo-operation-name, x-apollo-operation-id",
  "graphql-client-name, graphql-client-version, traceparent, tracestate, baggage, b3, sentry-trace",
].join(", ");
/** Response headers that pages may read. */
const EXPOSED_HEADERS = "idempotency-replayed, link, retry-after, www-authenticate, x-request-id";

/** Applies both rules to every request and answers CORS requests from the origins in `SCANMESH_ORIGINS`. */
export function guardOrigins(app: FastifyInstance, config: GuardConfig): void {
  app.addHook("onRequest", async (request, reply) => {
    // The route's URL, because the same path can be spelled in many ways.
    const isGuarded = GUARDED.test(request.routeOptions.url ?? "");
    const refused = refusal(config, {
      method: request.method,
      headers: request.headers,
      isGuarded: isGuarded && request.method !== "OPTIONS",
      isProven: PROVEN.test(request.routeOptions.url ?? "") && request.headers.origin === undefined,
      isOld: isOldAndLocal(request.raw),
    });
    if (refused !== undefined) throw new GatewayError("FORBIDDEN", refused);
    const { origin } = request.headers;
    if (config.origins.length > 0) void reply.header("vary", "Origin");
    if (origin === undefined || !config.origins.includes(origin)) return;
    void reply.header("access-control-allow-origin", origin);
    void reply.header("access-control-expose-headers", EXPOSED_HEADERS);
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

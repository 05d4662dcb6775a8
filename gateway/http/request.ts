/** What a request says of itself: its address, its client's address, its id. */

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import type { GatewayConfig } from "../config.js";

/** The address by which a caller reaches the gateway: the public one if it is set, else the host that the caller named. */
export function baseUrl(config: GatewayConfig, host: string): string {
  return config.publicUrl?.replace(/\/+$/, "") ?? `http://${host}`;
}

/** Where a request comes from: the nearest address that is not one of the trusted proxies. */
export function clientAddress({ trustedProxies }: GatewayConfig, request: IncomingMessage): string {
  return trustedProxies.length === 0 ? (request.socket.remoteAddress ?? "") : proxyAddress(request, [...trustedProxies]);
}

/** A caller's own id is kept if it can be logged as it is. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/** The path of a request's target as it was sent. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** What stands behind the first `?` of a request's target; any text is read, none is refused. */
export function searchOf(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(pathOf(url).length));
}

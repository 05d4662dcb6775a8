/** Addresses and ids of requests. */

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyRequest } from "fastify";
import proxyAddress from "@fastify/proxy-addr";
import type { GatewayConfig } from "../config.js";

/** The gateway's base URL for a caller: the public one if configured, otherwise from the request's Host and connection. */
export function baseUrl({ publicUrl }: Pick<GatewayConfig, "publicUrl">, host: string, connection: Duplex): string {
  return publicUrl?.replace(/\/+$/, "") ?? `${"encrypted" in connection ? "https" : "http"}://${host}`;
}

/** The host that a request was sent to. Without a Host header, as in HTTP/1.0, the local address of the connection. */
export function hostOf({ host, raw: { socket } }: FastifyRequest): string {
  if (host !== "") return host;
  const { localAddress = "", localPort } = socket;
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** The client address: the nearest one that is not a trusted proxy. */
export function clientAddress({ trustedProxies }: GatewayConfig, request: IncomingMessage): string {
  return trustedProxies.length === 0 ? (request.socket.remoteAddress ?? "") : proxyAddress(request, [...trustedProxies]);
}

/** The client's own request id if it is safe to log, otherwise a new one. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/** The path of a request's target as it was sent. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** The query parameters of a request's target. Any text is accepted. */
export function searchOf(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(pathOf(url).length));
}

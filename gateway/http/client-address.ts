import type { IncomingMessage } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import type { GatewayConfig } from "../config.js";

/** Where a request comes from: the nearest address that is not one of the trusted proxies. */
export function clientAddress({ SCANMESH_TRUSTED_PROXIES: proxies }: GatewayConfig, request: IncomingMessage): string {
  return proxies.length === 0 ? (request.socket.remoteAddress ?? "") : proxyAddress(request, proxies);
}

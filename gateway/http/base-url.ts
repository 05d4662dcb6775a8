import type { GatewayConfig } from "../config.js";

/** The address by which a caller reaches the gateway: the public one if it is set, else the host that the caller named. */
export function baseUrl(config: GatewayConfig, host: string): string {
  return config.SCANMESH_PUBLIC_URL?.replace(/\/+$/, "") ?? `http://${host}`;
}

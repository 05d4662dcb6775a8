/** Where the gateway listens on this machine, and what is said of it. */

import { DEFAULT_PORT } from "../gateway/config.js";
import { OperatorError } from "../schema/operator-error.js";
import type { StandaloneConfig } from "./config.js";
import { isFree } from "./ports.js";

/** Throws {@link OperatorError} if a port that the operator has asked for is taken, before anything is started. */
export async function requirePorts({ gatewayEnv, listening, nats }: StandaloneConfig): Promise<void> {
  const asked = [{ setting: "PORT", port: Number(gatewayEnv["PORT"] || 0), host: gatewayEnv["HOST"] || undefined }];
  if (listening) {
    const { host, httpsPort, natsPort } = listening;
    asked.push({ setting: "SCANMESH_TLS_PORT", port: httpsPort, host });
    if (nats === undefined) asked.push({ setting: "SCANMESH_NATS_PORT", port: natsPort, host });
  }
  for (const { setting, port, host } of asked) if (port > 0) await requirePort(setting, port, host);
}

async function requirePort(setting: string, port: number, host: string | undefined): Promise<void> {
  if (await isFree(port, host)) return;
  const free = setting === "PORT" ? ", or leave it out for any free one" : "";
  throw new OperatorError(
    `The port ${port} is taken by another program, or this user may not use it: set ${setting} to another one${free}.`,
  );
}

/** Why the gateway's port is not the usual one. */
export function portNote({ gatewayEnv }: StandaloneConfig, address: string): string {
  const isUsual = gatewayEnv["PORT"] || Number(new URL(address).port) === DEFAULT_PORT;
  return isUsual ? "" : ` (port ${DEFAULT_PORT} is taken)`;
}

/** How a gateway that listens on every address is reached on this machine. */
export function localAddress(url: string): string {
  return url.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:");
}

/** An address without the user and password in it. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Headers that belong to an upgrade. `HTTP2-Settings` is sent with h2c. */
const UPGRADE_HEADERS = new Set(["upgrade", "http2-settings"]);

export function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.trim().toLowerCase() === "websocket";
}

/**
 * Serves a request that offers to upgrade to another protocol as if it did not, as HTTP requires (RFC 9110, section 7.8): Java's client
 * offers h2c with every first request. Node has already detached the connection from its server, so it is handed back together with the
 * request's original head, without the offer.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(i, i + 2);
    if (UPGRADE_HEADERS.has(name.toLowerCase())) continue;
    lines.push(`${name}: ${name.toLowerCase() === "connection" ? withoutOffer(value) : value}`);
  }
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", stream);
}

function withoutOffer(connection: string): string {
  const kept = connection.split(",").filter((token) => !UPGRADE_HEADERS.has(token.trim().toLowerCase()));
  return kept.join(",").trim() || "keep-alive";
}

import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";

/** How often connections are pinged, so that proxies do not drop idle ones and dead ones are noticed. */
export const PING_MS = 12_000;

/** How long a client may take to confirm the end of its connection. */
export const CLOSE_MS = 1_000;

/** Pings a client and ends its connection if it does not answer. An unsolicited pong does not count. */
export function keepAlive(socket: Pick<WebSocket, "on" | "ping" | "terminate">): () => void {
  let sent: string | undefined;
  socket.on("pong", (data: Buffer) => {
    if (String(data) === sent) sent = undefined;
  });
  const timer = setInterval(() => {
    if (sent !== undefined) return socket.terminate();
    sent = randomUUID();
    socket.ping(sent);
  }, PING_MS);
  return () => clearInterval(timer);
}

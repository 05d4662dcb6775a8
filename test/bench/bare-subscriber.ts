/** A client that hears of the bare path's results over one WebSocket. */

import { WebSocket } from "ws";
import type { Subscriber } from "./subscriber.js";

export function openBareSubscriber(url: string): Subscriber {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  const opened = new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  const waiting = new Map<number, () => void>();
  socket.on("message", (data: Buffer) => {
    const scan = Number(data.toString());
    waiting.get(scan)?.();
    waiting.delete(scan);
  });
  return {
    async final(scanId) {
      await opened;
      await new Promise<void>((resolve) => {
        waiting.set(scanId, resolve);
        socket.send(`${scanId}`);
      });
    },
    async close() {
      socket.close();
    },
  };
}

/** A bare WebSocket server that sends what its parent gives it to everybody. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

export interface BareBroadcast {
  readonly url: string;
  send(text: string): void;
  stop(): Promise<void>;
}

/** Starts it as a process of its own, as the gateway is one. */
export async function startBareBroadcast(): Promise<BareBroadcast> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve(message as number));
    child.once("exit", () => reject(new Error("the bare broadcast ended")));
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    send: (text) => void child.send(text),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.disconnect();
      }),
  };
}

function serve(): void {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 1_024 });
  server.once("listening", () => process.send?.((server.address() as { port: number }).port));
  process.on("message", (text) => {
    for (const client of server.clients) client.send(String(text));
  });
  process.on("disconnect", () => process.exit());
}

if (process.argv[2] === "serve" && process.argv[1] === fileURLToPath(import.meta.url)) serve();

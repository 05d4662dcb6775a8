/** A bare HTTP server that throws away what it is sent, in a process of its own. */

import { fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export interface BareSink {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startBareSink(): Promise<BareSink> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve(message as number));
    child.once("exit", () => reject(new Error("the bare sink ended")));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.disconnect();
      }),
  };
}

function serve(): void {
  const server = createServer((request, response) => {
    request.on("end", () => response.end("{}"));
    request.resume();
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit());
}

if (process.argv[2] === "serve" && process.argv[1] === fileURLToPath(import.meta.url)) serve();

/** Sends hostile requests as they are, and tells what came back. */

import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import type { Hostile } from "./hostile-requests.js";
import { wellFormed } from "./hostile-values.js";

export interface Outcome {
  /** The status of the answer; 0 if the connection was ended without one. */
  readonly status: number;
  /** Everything that was read. */
  readonly text: string;
}

/** It ends what hangs, and measures nothing. */
const PATIENCE_MS = 120_000;
/** How long an event stream may have nothing to say before it is left. */
const QUIET_MS = 10_000;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export function send(url: string, hostile: Hostile): Promise<Outcome> {
  if (hostile.kind === "bytes") return sendBytes(url, hostile.bytes);
  if (hostile.kind === "socket") return sendMessages(url, hostile);
  return sendRequest(url, hostile);
}

function sendRequest(url: string, { kind, method, path, headers, body }: Hostile & { kind: "http" | "sse" }): Promise<Outcome> {
  const target = kind === "sse" ? path.replace(/^\/graphql/, "/graphql/stream") : path;
  return new Promise((resolve, reject) => {
    let text = "";
    let status = 0;
    const outgoing = request(
      url,
      {
        method,
        path: sendable(target),
        agent,
        headers: { ...headers, ...(body ? { "content-length": body.length } : {}) },
        timeout: PATIENCE_MS,
      },
      (incoming) => {
        status = incoming.statusCode ?? 0;
        if (kind === "sse" && status === 200) outgoing.setTimeout(QUIET_MS);
        incoming.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (kind === "sse" && /^event: next/m.test(text)) outgoing.destroy();
        });
        incoming.once("close", () => resolve({ status, text }));
      },
    );
    outgoing.once("timeout", () => {
      if (kind === "sse" && status === 200) return void outgoing.destroy();
      reject(new Error("no answer"));
      outgoing.destroy();
    });
    outgoing.once("error", () => resolve({ status, text }));
    outgoing.end(body);
  });
}

/** Node's client refuses what it must not send; those paths go without it. */
function sendable(path: string): string {
  return `/${path.replace(/^\//, "")}`.replace(/[^\u0021-\u00ff]/g, (character) => encodeURIComponent(wellFormed(character)));
}

function sendBytes(url: string, bytes: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const { socket, read } = opened(url, () => resolve({ status: statusIn(read()), text: read() }));
    socket.end(bytes);
  });
}

function opened(url: string, ended: () => void): { socket: Socket; read(): string } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (part) => (text += part.toString("latin1")));
  // Whether it is reset or closed, it has ended.
  socket.on("error", () => socket.destroy());
  socket.once("close", ended);
  socket.setTimeout(1_000, () => socket.destroy());
  return { socket, read: () => text };
}

function statusIn(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
}

/** Ends when the gateway has closed the connection, or answered a ping that came after everything else. */
function sendMessages(url: string, { init, messages, frames }: Hostile & { kind: "socket" }): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    const timer = setTimeout(() => (reject(new Error("no answer")), socket.terminate()), PATIENCE_MS);
    socket.on("message", (data) => {
      text += `${String(data as Buffer)}\n`;
      if (String(data as Buffer).includes('"pong"')) socket.close();
    });
    socket.on("error", () => {});
    socket.once("close", (code, reason) => {
      clearTimeout(timer);
      resolve({ status: code === 4500 || code === 1011 ? 500 : 200, text: `${text}${code} ${String(reason)}` });
    });
    const storm = () => {
      for (const message of messages) socket.send(message, { binary: false });
      if (frames) return void (socket as unknown as { _socket: Socket })._socket.end(frames);
      socket.send('{"type":"ping"}');
    };
    socket.once("open", () => {
      if (!init) return storm();
      // Before it is answered the connection would be closed at the first operation.
      socket.once("message", storm);
      socket.send('{"type":"connection_init"}');
    });
  });
}

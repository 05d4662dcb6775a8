/** Clients that ask and do not read, or read slowly. */

import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { fastify } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { endUnreadAnswers } from "../../../gateway/http/unread-answers.js";

const ANSWER = Buffer.alloc(32 * 1024 * 1024);
/** On a busy machine this process may stand still for a second. */
const UNREAD_MS = 2_000;
const REQUEST = "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function startServer() {
  const app = fastify();
  endUnreadAnswers(app, UNREAD_MS);
  app.get("/long", async () => ANSWER);
  app.get("/late", async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 1.25 * UNREAD_MS));
    return request.url;
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return { app, port: (app.server.address() as AddressInfo).port };
}

it("ends the connection of a client that reads nothing of its answer", async () => {
  const { app, port } = await startServer();
  const connected = once(app.server, "connection");
  const client = connect(port, "127.0.0.1").on("error", () => {});
  client.pause().write(REQUEST);
  const [socket] = await connected;
  await once(socket, "close");
  expect(socket.bytesWritten).toBeGreaterThan(0);
  client.destroy();
});

it("leaves one alone that reads slowly", async () => {
  const { port } = await startServer();
  const client = connect(port, "127.0.0.1");
  client.write(REQUEST);
  let bytes = 0;
  for await (const part of client) {
    const before = bytes;
    bytes += (part as Buffer).length;
    if (bytes >= ANSWER.length) break;
    const half = Math.floor(ANSWER.length / 16);
    if (Math.floor(before / half) !== Math.floor(bytes / half))
      await new Promise((resolve) => setTimeout(resolve, UNREAD_MS / 12));
  }
  expect(bytes).toBeGreaterThan(ANSWER.length);
});

it("leaves one alone that waits for its answer", async () => {
  const { port } = await startServer();
  expect(await (await fetch(`http://127.0.0.1:${port}/late`)).text()).toBe("/late");
});

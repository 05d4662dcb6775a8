import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { postWebhook } from "../../../gateway/webhooks/webhook-request.js";

const servers: Server[] = [];
const SIGNAL = new AbortController().signal;

afterEach(() => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(answer: RequestListener): Promise<Parameters<typeof postWebhook>[0]> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, headers: {}, body: "{}", networks: ["127.0.0.0/8"], signal: SIGNAL };
}

it("a receiver that never answers is given up after 10 s", async () => {
  let received = () => {};
  const arrived = new Promise<void>((resolve) => (received = resolve));
  const request = await serve(() => received());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const posting = postWebhook(request).catch((error: Error) => error.message);
  await arrived;
  vi.advanceTimersByTime(10_000);
  expect(await posting).toBe("no answer within 10 s");
});

it("an answer that never ends keeps no connection for longer", async () => {
  let closed = () => {};
  const left = new Promise<void>((resolve) => (closed = resolve));
  const request = await serve((_, response) => {
    response.on("close", () => closed());
    response.writeHead(200).write("thanks");
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  expect((await postWebhook(request)).status).toBe(200);
  vi.advanceTimersByTime(10_000);
  expect(await left).toBeUndefined();
});

it("what it asks for with Retry-After is told", async () => {
  const request = await serve((_, response) => response.writeHead(503, { "retry-after": "60" }).end());
  expect(await postWebhook(request)).toEqual({ status: 503, retryAfter: "60" });
});

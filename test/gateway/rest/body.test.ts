/** Bodies that do not arrive in time, at routes that take no sample. */

import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fastify, type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sendError } from "../../../gateway/http/http-error.js";
import { acceptAnyBody } from "../../../gateway/http/request-body.js";
import { readInput } from "../../../gateway/rest/body.js";

const app = fastify() as unknown as FastifyInstance;

beforeAll(async () => {
  acceptAnyBody(app);
  app.setErrorHandler(sendError);
  app.all("/input", async (incoming) => Object.fromEntries(await readInput(incoming, 100)));
  await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  app.server.closeAllConnections();
  await app.close();
});

/** The answer to a body of which only the beginning arrives. */
async function begin(type: string, beginning: string): Promise<{ status: number | undefined; text: string }> {
  const { port } = app.server.address() as AddressInfo;
  const outgoing = request({ port, host: "127.0.0.1", path: "/input", method: "POST", headers: { "content-type": type } });
  outgoing.on("error", () => {});
  outgoing.write(beginning);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const parts = await answer.toArray();
  outgoing.destroy();
  return { status: answer.statusCode, text: Buffer.concat(parts as Buffer[]).toString() };
}

it.each([
  ["multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n'],
  ["multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="id"; filename="a"\r\n\r\nbytes'],
  ["application/x-www-form-urlencoded", "id="],
  ["application/json", "{"],
])("%s that does not end is answered 408", async (type, beginning) => {
  expect(await begin(type, beginning)).toEqual({
    status: 408,
    text: '{"error":"the body did not arrive within 0.1 s"}',
  });
});

it("a GET has no body to wait for", async () => {
  const { port } = app.server.address() as AddressInfo;
  const outgoing = request({ port, host: "127.0.0.1", path: "/input?id=1", headers: { "content-length": "10" } });
  outgoing.on("error", () => {}).flushHeaders();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  expect(JSON.parse(Buffer.concat((await answer.toArray()) as Buffer[]).toString())).toEqual({ id: "1" });
  outgoing.destroy();
});

/** HTTP as programs of all ages send it, byte by byte. */

import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, vi } from "vitest";
import { BODY_MS } from "../../../gateway/http/body-time.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "./http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_UPLOAD_LIMIT: "1MiB" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

/** A connection that keeps what it was told. */
async function open() {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, "connect");
  let text = "";
  socket.on("data", (part) => (text += part.toString()));
  const ended = once(socket, "end");
  const cut = ended.then(() => Promise.reject(new Error(`the connection has ended after: ${text}`)));
  cut.catch(() => {});
  return {
    socket,
    text: () => text,
    async heard(what: RegExp) {
      while (!what.test(text)) await Promise.race([once(socket, "data"), cut]);
      return text;
    },
    async rest() {
      await ended;
      socket.destroy();
      return text;
    },
  };
}

async function exchange(request: string, { halfClose = false } = {}): Promise<string> {
  const connection = await open();
  if (halfClose) connection.socket.end(request);
  else connection.socket.write(request);
  return connection.rest();
}

const OFFER =
  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n";

it("an offer to speak HTTP/2 is ignored, with a body and without, again and again", async () => {
  const { socket, heard, rest } = await open();
  socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n`);
  expect(await heard(/\{"status":"ok"\}/)).toMatch(/^HTTP\/1\.1 200 /);
  const body = JSON.stringify({ query: "{ engines { name } }" });
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\n${OFFER}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, 5));
  await new Promise(setImmediate);
  socket.write(body.slice(5));
  expect(await heard(/"Alpha"/)).toMatch(/HTTP\/1\.1 200 [^]*HTTP\/1\.1 200 /);
  socket.write(`GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close, upgrade\r\nUpgrade: TLS/1.0\r\n\r\n`);
  expect(await rest()).toMatch(/HTTP\/1\.1 404 .*\r\n[^]*no such path: GET \/nothing/);
});

it("HTTP/1.0 without a Host is answered on this machine", async () => {
  expect(await exchange("GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 [^]*\{"status":"ok"\}$/);
  const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "QQ==", sample_name: "a" });
  const upload = `POST /api/v1/sample HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  expect(await exchange(upload)).toMatch(/^HTTP\/1\.1 200 [^]*"id":\d+/);
  const query = JSON.stringify({ query: "mutation { createUpload { url } }" });
  const ask = `POST /graphql HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${query.length}\r\n\r\n${query}`;
  expect(await exchange(ask)).toContain(`"url":"${gateway.url}/upload/`);
  expect(await exchange(ask.replace("\r\n", "\r\nOrigin: https://evil.example.org\r\n"))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await exchange("GET /healthz HTTP/1.0\r\nHost: evil.example.org\r\n\r\n")).toMatch(/^HTTP\/1\.1 403 /);
});

it("a body that nobody reads leaves no timer behind", async () => {
  const [begun, ended] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
  const body = "x".repeat(200_000);
  const head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length:";
  expect(await exchange(`GET /graphql?query=%7B__typename%7D ${head} 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 /);
  expect(await exchange(`POST /graphql ${head} ${body.length}\r\n\r\n${body}`)).toMatch(/^HTTP\/1\.1 415 /);
  const long = `POST /api/search ${head.replace("text/plain", "application/x-www-form-urlencoded")} ${2 * 1024 ** 2}\r\n\r\n`;
  expect(await exchange(long)).toMatch(/^HTTP\/1\.1 413 /);
  const timers = begun.mock.results.filter((_, i) => begun.mock.calls[i]?.[1] === BODY_MS).map(({ value }) => value as unknown);
  await until("no timer of a body runs", () => timers.every((timer) => ended.mock.calls.some(([one]) => one === timer)));
});

it("an upload whose client ends its side gets its answer", async () => {
  const { createUpload } = await data<{ createUpload: { url: string } }>(gateway.url, "mutation { createUpload { url } }");
  const path = new URL(createUpload.url).pathname;
  const put = `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody`;
  expect(await exchange(put, { halfClose: true })).toMatch(/^HTTP\/1\.1 201 [^]*"size":4/);
});

it.each([
  ["too large", "POST /api/v1/sample", "Content-Length: 99999999999\r\n", 413],
  ["too large for GraphQL", "POST /graphql", "Content-Type: application/json\r\nContent-Length: 999999\r\n", 413],
  ["for no path", "POST /nothing", "Content-Length: 4\r\n", 404],
  ["compressed", "POST /api/v1/sample", "Content-Length: 4\r\nContent-Encoding: gzip\r\n", 415],
])("a body that is %s is refused before its client is asked for it", async (_, target, headers, status) => {
  const { socket, heard } = await open();
  socket.write(`${target} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n${headers}\r\n`);
  expect(await heard(/\r\n\r\n\{/)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  socket.destroy();
});

it("a body that is wanted is asked for", async () => {
  const body = JSON.stringify({ query: "{ engines { name } }" });
  const { socket, heard } = await open();
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  await heard(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  socket.write(body);
  expect(await heard(/"Alpha"/)).toMatch(/\r\n\r\nHTTP\/1\.1 200 /);
  socket.destroy();
});

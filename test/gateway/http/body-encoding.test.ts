import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { form, json, stored } from "../rest/rest-client.js";
import { ask, data } from "./http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);

const newUpload = async () =>
  (await data<{ createUpload: { url: string } }>(gateway.url, "mutation { createUpload { url } }")).createUpload.url;
const QUERY = JSON.stringify({ query: 'mutation { submitScan(input: { base64: "QUJD", name: "a" }) { __typename } }' });
const formBody = async () => {
  const encoded = new Response(form({}, { text: "a file" }));
  return { bytes: Buffer.from(await encoded.arrayBuffer()), type: encoded.headers.get("content-type") ?? "" };
};

/** Every way to send a sample. */
const WAYS: [
  what: string,
  method: string,
  url: () => string | Promise<string>,
  body: () => Promise<{ bytes: Buffer; type: string }>,
][] = [
  ["an upload by PUT", "PUT", newUpload, async () => ({ bytes: Buffer.from("a file"), type: "application/octet-stream" })],
  ["an upload by POST", "POST", newUpload, async () => ({ bytes: Buffer.from("a file"), type: "application/octet-stream" })],
  ["an upload as a form", "POST", newUpload, formBody],
  ["a form", "POST", () => `${gateway.url}/api/v1/sample`, formBody],
  ["a form of the old API", "POST", () => `${gateway.url}/api/upload`, formBody],
  ["JSON", "POST", () => `${gateway.url}/api/v1/sample`, async () => ({ bytes: Buffer.from(json()), type: "application/json" })],
  ["GraphQL", "POST", () => `${gateway.url}/graphql`, async () => ({ bytes: Buffer.from(QUERY), type: "application/json" })],
];

describe.each(WAYS)("%s", (_what, method, url, body) => {
  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["identity, GZIP", gzipSync],
    ["aws-chunked", (bytes: Buffer) => bytes],
  ] as const)("in %s is refused with 415 and stores nothing", async (coding, encode) => {
    const { bytes, type } = await body();
    const target = await url();
    const before = await stored(stage);
    const answer = await ask(target, {
      method,
      body: encode(bytes),
      headers: { "content-type": type, "content-encoding": coding },
    });
    expect(answer.status).toBe(415);
    expect(answer.headers["accept-encoding"]).toBe("identity");
    expect(await stored(stage)).toEqual(before);
  });

  it("with Content-Range is refused with 400 and stores nothing", async () => {
    const { bytes, type } = await body();
    const target = await url();
    const before = await stored(stage);
    const answer = await ask(target, {
      method,
      body: bytes,
      headers: { "content-type": type, "content-range": "bytes 10-67/68" },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("Content-Range");
    expect(await stored(stage)).toEqual(before);
  });

  it("that says it is as it is is taken", async () => {
    const { bytes, type } = await body();
    const answer = await ask(await url(), {
      method,
      body: bytes,
      headers: { "content-type": type, "content-encoding": "identity" },
    });
    expect([200, 201]).toContain(answer.status);
  });
});

it("a transfer coding other than chunked is refused", async () => {
  const headers = { "transfer-encoding": "gzip, chunked" };
  expect((await ask(await newUpload(), { method: "PUT", body: gzipSync("a file"), headers })).status).toBe(415);
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fastify, type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendError } from "../../../gateway/http/http-error.js";
import { createTurns } from "../../../gateway/http/turns.js";
import { uploadRoutes } from "../../../gateway/routes/upload.js";
import { engine } from "../../stage/puppet-agent.js";
import { TESTER } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";

const LIMIT = 1024 * 1024;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_UPLOAD_LIMIT: "1MiB" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

const newUpload = async () =>
  (await data<{ createUpload: { id: string; url: string } }>(gateway.url, "mutation { createUpload { id url } }")).createUpload;
const samples = async () => (await stage.db.selectFrom("samples").select("sha256").execute()).map(({ sha256 }) => sha256);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("an upload", () => {
  it.each(["PUT", "POST"])("takes its bytes by %s, whatever they are called", async (method) => {
    for (const type of [
      "application/octet-stream",
      "application/json",
      "text/plain",
      "application/x-www-form-urlencoded",
      "json",
    ]) {
      const bytes = randomBytes(1_000);
      const { id, url } = await newUpload();
      const answer = await ask(url, { method, body: bytes, headers: { "content-type": type } });
      expect(answer.status).toBe(201);
      expect(answer.json()).toEqual({
        id,
        sha256: sha256(bytes),
        md5: createHash("md5").update(bytes).digest("hex"),
        sha1: createHash("sha1").update(bytes).digest("hex"),
        size: 1_000,
      });
    }
  });

  it("takes the file of a form, and none of several", async () => {
    const form = new FormData();
    form.append("comment", "not a file");
    form.append("any", new Blob(["the file"]), "a.txt");
    const { url } = await newUpload();
    expect((await ask(url, { method: "POST", body: form })).json()).toMatchObject({
      sha256: sha256(Buffer.from("the file")),
      size: 8,
    });
    form.append("other", new Blob(["another"]), "b.txt");
    expect(await ask((await newUpload()).url, { method: "POST", body: form })).toMatchObject({
      status: 400,
      text: '{"error":"invalid parameter: other"}',
    });
    const none = new FormData();
    none.append("comment", "x");
    expect((await ask((await newUpload()).url, { method: "POST", body: none })).status).toBe(400);
  });

  it.each([
    ["PUT", "multipart/related; boundary=x"],
    ["POST", "Multipart/Mixed; boundary=x"],
    ["PUT", "multipart/x-mixed-replace"],
  ])("refuses by %s what is sent as %s", async (method, type) => {
    const answer = await ask((await newUpload()).url, { method, body: "--x--\r\n", headers: { "content-type": type } });
    expect(answer.status).toBe(415);
    expect(answer.json()).toHaveProperty("error");
  });

  it("takes one body at a time: others wait until it has ended", async () => {
    const { id, url } = await newUpload();
    const bytes = randomBytes(1_000);
    const begun = request(url.replace(id, id.toUpperCase()), {
      method: "PUT",
      agent: false,
      headers: { "content-length": String(bytes.length), expect: "100-continue" },
    });
    begun.flushHeaders();
    await once(begun, "continue");
    const order: string[] = [];
    const others = ["a", "b"].map(async (name) => {
      const answer = await ask(url, { method: "PUT", body: name === "a" ? bytes : "other" });
      order.push(name);
      return answer.status;
    });
    const first = once(begun, "response").then(([{ statusCode }]) => {
      order.push("first");
      return statusCode as number;
    });
    begun.end(bytes);
    expect(await Promise.all([first, ...others])).toEqual([201, 201, 400]);
    expect(order[0]).toBe("first");
  });

  it("gives the first answer to the same bytes sent again, and refuses all others", async () => {
    const bytes = randomBytes(100_000);
    const { url } = await newUpload();
    const first = await ask(url, { method: "PUT", body: bytes });
    expect(first.status).toBe(201);
    for (const headers of [{ "content-length": String(bytes.length) }, { "transfer-encoding": "chunked" }]) {
      expect(await ask(url, { method: "PUT", body: bytes, headers })).toMatchObject({ status: 201, text: first.text });
    }
    for (const other of [
      bytes.subarray(1),
      Buffer.concat([bytes, Buffer.from("x")]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(0),
    ]) {
      expect(await ask(url, { method: "PUT", body: other })).toMatchObject({
        status: 400,
        text: '{"error":"this upload has its bytes already"}',
      });
    }
  });

  it("gives both of two requests at once the same answer if their bytes are the same", async () => {
    const bytes = randomBytes(600_000);
    const { url } = await newUpload();
    const answers = await Promise.all([1, 2].map(() => ask(url, { method: "PUT", body: bytes })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0]?.text).toBe(answers[1]?.text);
  });

  it("takes an empty body", async () => {
    expect((await ask((await newUpload()).url, { method: "PUT" })).json()).toMatchObject({ size: 0 });
  });

  it("takes exactly the limit and refuses one byte more, whether the length is told or not", async () => {
    expect((await ask((await newUpload()).url, { method: "PUT", body: Buffer.alloc(LIMIT) })).status).toBe(201);
    const before = await samples();
    const bytes = Buffer.alloc(LIMIT + 1, 1);
    for (const headers of [{ "content-length": String(bytes.length) }, { "transfer-encoding": "chunked" }]) {
      const answer = await ask((await newUpload()).url, { method: "PUT", body: bytes, headers });
      expect(answer.status).toBe(413);
      expect(answer.json()).toHaveProperty("error");
    }
    expect(await samples()).toEqual(before);
  });

  it("lets a caller that sends much too much read why it was refused", async () => {
    const answer = await ask((await newUpload()).url, {
      method: "PUT",
      body: Buffer.alloc(24 * LIMIT),
      headers: { "transfer-encoding": "chunked" },
    });
    expect(answer.status).toBe(413);
  });

  it("that is cut off half-way stores nothing and can be sent again", async () => {
    const before = await samples();
    const { url } = await newUpload();
    for (const headers of [{ "content-length": "100000" }, { "transfer-encoding": "chunked" }]) {
      await new Promise<void>((resolve) => {
        const outgoing = request(url, { method: "PUT", headers });
        outgoing.on("error", () => resolve());
        outgoing.write(Buffer.alloc(50_000), () => outgoing.destroy());
      });
    }
    expect(await samples()).toEqual(before);
    expect((await ask(url, { method: "PUT", body: "again" })).status).toBe(201);
  });

  it("is refused when it is unknown, used or expired", async () => {
    expect((await ask(`${gateway.url}/upload/nothing`, { method: "PUT", body: "x" })).status).toBe(404);
    for (const id of ["-".repeat(36), "0".repeat(36), "00000000-0000-4000-8000-00000000000g", "%00", "{}"]) {
      expect((await ask(`${gateway.url}/upload/${id}`, { method: "PUT", body: "x" })).status).toBe(404);
    }
    expect((await ask(`${gateway.url}/upload/00000000-0000-4000-8000-000000000000`, { method: "PUT", body: "x" })).status).toBe(
      404,
    );
    const { id, url } = await newUpload();
    expect((await ask(url, { method: "PUT", body: "once" })).status).toBe(201);
    expect((await ask(url, { method: "PUT", body: "twice" })).status).toBe(400);
    await stage.db
      .updateTable("uploads")
      .set({ expires_at: new Date(0) })
      .where("id", "=", id)
      .execute();
    expect([404, 410]).toContain((await ask(url, { method: "PUT", body: "late" })).status);
  });
});

describe("a body that stalls while another waits for its upload", () => {
  const app = fastify() as unknown as FastifyInstance;

  beforeAll(async () => {
    app.decorateRequest("caller");
    app.addHook("onRequest", async (incoming) => void (incoming.caller = TESTER));
    app.setErrorHandler(sendError);
    await app.register(async (part) => uploadRoutes(part, gateway.context, createTurns(200)));
    await app.listen({ host: "127.0.0.1", port: 0 });
  });
  afterAll(async () => {
    app.server.closeAllConnections();
    await app.close();
  });

  const FORM = "multipart/form-data; boundary=b";
  const field = '--b\r\nContent-Disposition: form-data; name="comment"\r\n\r\n';
  const file = '--b\r\nContent-Disposition: form-data; name="any"; filename="a"\r\n\r\n';

  it.each([
    ["a form before its file", FORM, field],
    ["a form in its file", FORM, `${file}bytes`],
    ["a body of bytes", "application/octet-stream", "bytes"],
  ])("ends, be it %s", async (_, type, beginning) => {
    const { port } = app.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/upload/${(await newUpload()).id}`;
    const stalled = request(url, { method: "PUT", headers: { "content-type": type } }).on("error", () => {});
    const taken = once(app.server, "request");
    stalled.write(beginning);
    await taken;
    const ended = once(stalled, "response") as Promise<[IncomingMessage]>;
    expect((await ask(url, { method: "PUT", body: "the whole" })).status).toBe(201);
    expect((await ended)[0].statusCode).toBe(408);
    stalled.destroy();
  });
});

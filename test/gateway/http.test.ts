import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { engine, startPuppet, type PuppetAgent } from "../puppet-agent.js";
import { startStage, until, type LocalGateway, type Stage } from "../stage.js";
import { ask, data } from "./http-client.js";

const LIMIT = 1024 * 1024;
const EVIL = "https://evil.example.org";
const FRIEND = "https://soc.example.org";

let stage: Stage;
let gateway: LocalGateway;
let agent: PuppetAgent;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gateway({ SCANMESH_UPLOAD_LIMIT: "1MiB", SCANMESH_ORIGINS: FRIEND, SCANMESH_HOSTS: "scan.example.org" });
  agent = await startPuppet(stage, "puppet", [engine("Alpha")]);
});

afterAll(async () => {
  await agent.close();
  await stage.stop();
});

const newUpload = async () => (await data<{ createUpload: { id: string; url: string } }>(gateway.url, "mutation { createUpload { id url } }")).createUpload;
const samples = async () => (await stage.db.selectFrom("samples").select("sha256").execute()).map(({ sha256 }) => sha256);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("an upload", () => {
  it.each(["PUT", "POST"])("takes its bytes by %s, whatever they are called", async (method) => {
    for (const type of ["application/octet-stream", "application/json", "text/plain", "application/x-www-form-urlencoded"]) {
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

  it("takes the first file of a form", async () => {
    const form = new FormData();
    form.append("comment", "not a file");
    form.append("any", new Blob(["the file"]), "a.txt");
    form.append("other", new Blob(["another"]), "b.txt");
    const { url } = await newUpload();
    expect((await ask(url, { method: "POST", body: form })).json()).toMatchObject({ sha256: sha256(Buffer.from("the file")), size: 8 });
    const none = new FormData();
    none.append("comment", "x");
    expect((await ask((await newUpload()).url, { method: "POST", body: none })).status).toBe(400);
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
    const answer = await ask((await newUpload()).url, { method: "PUT", body: Buffer.alloc(24 * LIMIT), headers: { "transfer-encoding": "chunked" } });
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
    expect((await ask(`${gateway.url}/upload/00000000-0000-4000-8000-000000000000`, { method: "PUT", body: "x" })).status).toBe(404);
    const { id, url } = await newUpload();
    expect((await ask(url, { method: "PUT", body: "once" })).status).toBe(201);
    expect((await ask(url, { method: "PUT", body: "twice" })).status).toBe(400);
    await stage.db.updateTable("uploads").set({ expires_at: new Date(0) }).where("id", "=", id).execute();
    expect([404, 410]).toContain((await ask(url, { method: "PUT", body: "late" })).status);
  });
});

describe("a web page of another origin, or one that got here by a rebound name", () => {
  const graphqlBody = JSON.stringify({ query: "mutation { createUpload { id } }" });
  const sample = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "QQ==", sample_name: "a" });

  it.each([
    ["POST", "/api/v1/sample", sample],
    ["POST", "/api/upload", sample],
    ["POST", "/graphql", graphqlBody],
    ["GET", "/graphql?query={engines{name}}", undefined],
    ["GET", "/graphql/stream?query={engines{name}}", undefined],
    ["POST", "/graphql/stream", graphqlBody],
    ["PUT", "/upload/00000000-0000-4000-8000-000000000000", "x"],
  ])("cannot %s %s", async (method, path, body) => {
    for (const origin of [EVIL, "null", "http://localhost:1"]) {
      const answer = await ask(`${gateway.url}${path}`, { method, body, headers: { origin, "content-type": "text/plain" } });
      expect(answer.status).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect((await ask(`${gateway.url}${path}`, { method, body, headers: { host: "evil.example.org" } })).status).toBe(403);
    expect(await stage.db.selectFrom("scans").select("id").execute()).toEqual([]);
  });

  it.each(["/", "/api/v1/sample", "/api/v1/sample/1", "/healthz", "/metrics", "/schema.graphql", "/nothing"])("cannot read %s by a rebound name", async (path) => {
    expect((await ask(`${gateway.url}${path}`, { headers: { host: "evil.example.org:8080" } })).status).toBe(403);
  });

  it.each([
    { origin: EVIL },
    { origin: "null" },
    { headers: { host: "evil.example.org" } },
  ])("cannot open a WebSocket: %j", async (options) => {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", options);
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
      socket.on("open", () => resolve("open"));
      socket.on("error", () => {});
    });
    socket.terminate();
    expect(status).toBe(403);
  });

  it("gets no permission from a preflight", async () => {
    const answer = await ask(`${gateway.url}/api/v1/sample`, { method: "OPTIONS", headers: { origin: EVIL, "access-control-request-method": "POST" } });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("those that are allowed", () => {
  it("a listed origin reads and writes, and its preflight is answered", async () => {
    const preflight = await ask(`${gateway.url}/graphql`, { method: "OPTIONS", headers: { origin: FRIEND, "access-control-request-method": "POST" } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({ "access-control-allow-origin": FRIEND, vary: "Origin" });
    const answer = await ask(`${gateway.url}/graphql`, {
      method: "POST",
      headers: { origin: FRIEND, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ engines { name } }" }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBe(FRIEND);
  });

  it("the gateway's own page, by any of its names", async () => {
    for (const host of ["localhost:8080", "127.0.0.1:8080", "scan.example.org"]) {
      const headers = { host, origin: `http://${host}` };
      expect((await ask(`${gateway.url}/upload/nothing`, { method: "PUT", body: "x", headers })).status).toBe(404);
    }
  });
});

describe("every answer", () => {
  it("has a request id, the caller's own if it is a plain one", async () => {
    expect((await ask(`${gateway.url}/healthz`)).headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect((await ask(`${gateway.url}/healthz`, { headers: { "x-request-id": "abc-1.2_3" } })).headers["x-request-id"]).toBe("abc-1.2_3");
    expect((await ask(`${gateway.url}/healthz`, { headers: { "x-request-id": "a b" } })).headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("to what is not HTTP says so and tells nothing", async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write("\u0000\u0001 garbage\r\n\r\n");
    let text = "";
    for await (const part of socket) text += String(part);
    expect(text).toMatch(/^HTTP\/1.1 400/);
    expect(text).not.toMatch(/node_modules|Error:/);
  });

  it("to a path that is not there is 404", async () => {
    for (const path of ["/nothing", "/upload", "/page", "/..%2f..%2fetc/passwd", "/%"]) {
      const answer = await ask(`${gateway.url}${path}`);
      expect([400, 404], path).toContain(answer.status);
      expect(answer.json(), path).toEqual({ error: expect.any(String) });
    }
  });
});

describe("health", () => {
  it("is ok, ready and measured", async () => {
    expect((await ask(`${gateway.url}/healthz`)).json()).toEqual({ status: "ok" });
    expect((await ask(`${gateway.url}/readyz`)).json()).toEqual({ status: "ok", nats: "ok" });
    const metrics = await ask(`${gateway.url}/metrics`);
    expect(metrics.headers["content-type"]).toMatch(/^text\/plain/);
    expect(metrics.text).toContain("scanmesh_scans_accepted_total");
  });

  it("is degraded without NATS: reads go on, uploads are told to come back", async () => {
    const own = await startStage();
    try {
      const { url } = await own.gateway();
      await own.stopNats();
      await until("the gateway has noticed", async () => (await ask(`${url}/readyz`)).json().status === "degraded");
      expect((await ask(`${url}/readyz`)).status).toBe(200);
      expect((await ask(`${url}/api/v1/sample`)).text).toBe("[]");
      const answer = await ask(`${url}/api/v1/sample`, {
        method: "POST",
        body: JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "QQ==", sample_name: "a" }),
      });
      expect(answer.status).toBe(503);
      expect(answer.headers).toHaveProperty("retry-after");
    } finally {
      await own.stop();
    }
  });

  it("is unready without its migrations", async () => {
    const own = await startStage();
    try {
      const { url } = await own.gateway();
      await own.db.deleteFrom("kysely_migration" as never).execute();
      const answer = await ask(`${url}/readyz`);
      expect(answer.status).toBe(503);
      expect(answer.json()).toMatchObject({ status: "unavailable", reason: expect.stringContaining("0001-scans") });
    } finally {
      await own.stop();
    }
  });
});

describe("the first page", () => {
  it("loads only its own files and can run no script of others", async () => {
    const page = await ask(`${gateway.url}/`);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/(src|href)="(?!\/|data:,)/);
    expect(page.text).not.toMatch(/<script(?![^>]*src=)/);
    for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[\w.]+)"/g)) expect((await ask(`${gateway.url}${path}`)).status, path).toBe(200);
  });
});

import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { engine } from "../../stage/puppet-agent.js";
import { startStage, until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "./http-client.js";

const EVIL = "https://evil.example.org";
const FRIEND = "https://soc.example.org";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_ORIGINS: FRIEND, SCANMESH_HOSTS: "scan.example.org" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

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
    ["GET", "/api/v1/sample", undefined],
    ["GET", "/api/search?file_hash=%25", undefined],
    ["GET", "/export/csv", undefined],
  ])("cannot %s %s", async (method, path, body) => {
    for (const origin of [EVIL, "null", "http://localhost:1"]) {
      const answer = await ask(`${gateway.url}${path}`, { method, body, headers: { origin, "content-type": "text/plain" } });
      expect(answer.status).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect((await ask(`${gateway.url}${path}`, { method, body, headers: { host: "evil.example.org" } })).status).toBe(403);
    expect(await stage.db.selectFrom("scans").select("id").execute()).toEqual([]);
  });

  it.each(["/", "/api/v1/sample", "/api/v1/sample/1", "/healthz", "/metrics", "/schema.graphql", "/nothing"])(
    "cannot read %s by a rebound name",
    async (path) => {
      expect((await ask(`${gateway.url}${path}`, { headers: { host: "evil.example.org:8080" } })).status).toBe(403);
    },
  );

  it("cannot send bundles; a fetcher may by any name, as its token proves it", async () => {
    const host = "gateway:8080";
    const answers = async (path: string, headers: Record<string, string>) =>
      (await ask(`${gateway.url}/bundles/${path}`, { headers })).status;
    const token = "x".repeat(32);
    expect(await answers(token, { host })).toBe(404);
    expect(await answers(token, { host, origin: EVIL })).toBe(403);
    expect(await answers(`export/${"0".repeat(64)}`, { host })).toBe(403);
  });

  it.each([{ origin: EVIL }, { origin: "null" }, { headers: { host: "evil.example.org" } }])(
    "cannot open a WebSocket: %j",
    async (options) => {
      const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", options);
      const status = await new Promise((resolve) => {
        socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
        socket.on("open", () => resolve("open"));
        socket.on("error", () => {});
      });
      socket.terminate();
      expect(status).toBe(403);
    },
  );

  it("gets no permission from a preflight", async () => {
    const answer = await ask(`${gateway.url}/api/v1/sample`, {
      method: "OPTIONS",
      headers: { origin: EVIL, "access-control-request-method": "POST" },
    });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

it("a link or an image of another page cannot ask for long lists, but for a report", async () => {
  const headers = { "sec-fetch-site": "cross-site" };
  for (const path of ["/api/v1/sample", "/api/search?file_hash=%25", "/export/csv"]) {
    expect((await ask(`${gateway.url}${path}`, { headers })).status).toBe(403);
    expect((await ask(`${gateway.url}${path}`, { headers: { "sec-fetch-site": "same-origin" } })).status).toBe(200);
  }
  for (const path of ["/", "/api", "/api/v1/scanner"]) expect((await ask(`${gateway.url}${path}`, { headers })).status).toBe(200);
});

describe("those that are allowed", () => {
  it("a listed origin reads and writes, and its preflight is answered", async () => {
    const preflight = await ask(`${gateway.url}/graphql`, {
      method: "OPTIONS",
      headers: { origin: FRIEND, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({ "access-control-allow-origin": FRIEND, vary: "Origin" });
    const allowed = String(preflight.headers["access-control-allow-headers"]).split(", ");
    for (const header of [
      "apollographql-client-name",
      "apollographql-client-version",
      "apollo-require-preflight",
      "x-apollo-operation-name",
      "traceparent",
      "tracestate",
      "idempotency-key",
    ])
      expect(allowed).toContain(header);
    const answer = await ask(`${gateway.url}/graphql`, {
      method: "POST",
      headers: { origin: FRIEND, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ engines { name } }" }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBe(FRIEND);
    const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
    for (const header of ["idempotency-replayed", "retry-after", "link", "x-request-id"]) expect(exposed).toContain(header);
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
    expect((await ask(`${gateway.url}/healthz`, { headers: { "x-request-id": "abc-1.2_3" } })).headers["x-request-id"]).toBe(
      "abc-1.2_3",
    );
    expect((await ask(`${gateway.url}/healthz`, { headers: { "x-request-id": "a b" } })).headers["x-request-id"]).toMatch(
      /^[0-9a-f-]{36}$/,
    );
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
      expect([400, 404]).toContain(answer.status);
      expect(answer.json()).toEqual({ error: expect.any(String) });
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

describe("the page at /", () => {
  it("loads only its own files and can run no script of others", async () => {
    const page = await ask(`${gateway.url}/`);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/<script(?![^>]*src=)/);
    const named = [...page.text.matchAll(/(?:src|href)="(?!data:,)([^"]*)"/g)].map(
      ([, path = ""]) => new URL(path, `${gateway.url}/`),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ origin }) => origin !== gateway.url)).toEqual([]);
    for (const { href } of named.filter(({ pathname }) => /\.\w+$/.test(pathname))) expect((await ask(href)).status).toBe(200);
  });
});

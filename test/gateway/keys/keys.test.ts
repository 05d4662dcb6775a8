/** What API keys open over HTTP. */

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createHttp } from "../../../gateway/server.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import type { Scope } from "../../../schema/scopes.js";
import { ask, type GraphQLAnswer } from "../http/http-client.js";
import { errorOf, keyWith as keyOn, operation as operationOn } from "./keyed-client.js";
import { json, stored } from "../rest/rest-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

const keyWith = (scopes: readonly Scope[]) => keyOn(gateway, scopes);
const operation = (key: string | undefined, query: string) => operationOn(gateway, key, query);
const get = (path: string, headers: Record<string, string> = {}) => ask(`${gateway.url}${path}`, { headers });

describe("where keys are asked for", () => {
  const READS = [
    "/api/v1/sample",
    "/api/v1/sample/1",
    "/api/v1/scanner",
    "/api/report?id=1",
    "/api/search?file_hash=a",
    "/export/csv",
  ];

  it.each([...READS, "/metrics", "/graphql?query={engines{name}}", "/graphql/stream?query={engines{name}}"])(
    "%s is closed to whoever shows none, or a wrong one",
    async (path) => {
      const good = await keyWith(["admin"]);
      for (const headers of [
        {},
        { authorization: "Basic YTpi" },
        { authorization: "Bearer nonsense" },
        { authorization: `Bearer ${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}` },
        { "x-api-key": `sm_000000000000_${"A".repeat(43)}` },
      ]) {
        const answer = await get(path, { ...headers, "apollo-require-preflight": "1" });
        expect(answer.status).toBe(401);
        expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
        expect(answer.text).toMatch(/API key/);
        expect(answer.text).not.toContain(good.slice(20));
      }
      expect([401, 403]).not.toContain((await get(path, { "x-api-key": good, "apollo-require-preflight": "1" })).status);
    },
  );

  it.each([...READS, "/metrics"])("%s needs scan:read", async (path) => {
    const answer = await get(path, { "x-api-key": await keyWith(["scan:write", "sample:read", "fleet:write"]) });
    expect(answer.status).toBe(403);
    expect(answer.json()).toEqual({ error: "this needs a key with the scope scan:read" });
    expect((await get(path, { authorization: `bearer ${await keyWith(["scan:read"])}` })).status).not.toBe(403);
  });

  it("uploads need scan:write, and store nothing without", async () => {
    for (const path of ["/api/v1/sample", "/api/upload"]) {
      const send = async (key: string) =>
        ask(`${gateway.url}${path}`, { method: "POST", headers: { "x-api-key": key }, body: json() });
      const before = await stage.db.selectFrom("samples").select("id").execute();
      const refused = await send(await keyWith(["scan:read"]));
      expect(refused.status).toBe(403);
      expect(refused.text).toContain("scan:write");
      expect(await stage.db.selectFrom("samples").select("id").execute()).toEqual(before);
      expect((await send(await keyWith(["scan:write"]))).status).toBe(200);
    }
  });

  it.each(["/", "/healthz", "/readyz", "/schema.graphql", "/api", "/api/openapi.json"])("%s is open", async (path) => {
    expect((await get(path)).status).toBe(200);
  });

  it("an unknown path is unknown to everybody", async () => {
    expect((await get("/nothing")).status).toBe(404);
  });

  it("any name and any page's origin may call, because a browser adds no key by itself", async () => {
    const headers = {
      "x-api-key": await keyWith(["scan:write"]),
      host: "scan.example.org",
      origin: "https://elsewhere.example.org",
    };
    const answer = await ask(`${gateway.url}/api/v1/sample`, { method: "POST", headers, body: json() });
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("every route says what it needs", async () => {
    const lines: string[] = [];
    const log = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
    const app = await createHttp({ ...gateway.context, log });
    await app.close();
    expect(lines).toEqual([]);
  });
});

describe("an operation", () => {
  it("needs the scope of each of its root fields, wherever they stand", async () => {
    const reader = await keyWith(["scan:read"]);
    for (const query of [
      "mutation { createUpload { id } }",
      "mutation { ...F } fragment F on Mutation { createUpload { id } }",
      "mutation { __typename ... on Mutation { other: createUpload { id } } }",
    ]) {
      const answer = await operation(reader, query);
      expect(answer.status).toBe(403);
      expect(errorOf(answer)).toMatchObject({ extensions: { code: "FORBIDDEN", scope: "scan:write" } });
      expect(errorOf(answer)?.message).toContain("scan:write");
    }
    expect(errorOf(await operation(reader, "{ engines { name } apiKeys { id } }"))).toMatchObject({
      extensions: { scope: "admin" },
    });
    expect((await operation(reader, "{ engines { name } }")).json()).toEqual({ data: { engines: [{ name: "Alpha" }] } });
  });

  it("of who may write but not read tells the numbers of what was made and nothing more, however it is asked", async () => {
    const writer = await keyWith(["scan:write"]);
    const submit = (fields: string, more = "") =>
      operation(
        writer,
        `mutation { submitScan(input: { base64: "cmVjZWlwdA==" }) { ... on SubmitScanSuccess { replayed scan { ${fields} } } } } ${more}`,
      );
    const receipt = await submit("__typename id scanId revision startDate deadline");
    expect(receipt.json<{ data: { submitScan: { scan: object } } }>().data.submitScan.scan).toMatchObject({
      scanId: expect.any(Number),
    });
    const before = await stored(stage);
    for (const [fields, field, more] of [
      ["scanId verdict", "Scan.verdict"],
      ["results { engine }", "Scan.results"],
      ["previous { scanId }", "Scan.previous"],
      ["sample { names scans { nodes { name } } }", "Scan.sample"],
      ["... on Node { id ... on Scan { name } }", "Scan.name"],
      ["...A", "Scan.labels", "fragment A on Scan { scanId ...B } fragment B on Scan { labels { key } }"],
    ] as const) {
      const answer = await submit(fields, more);
      expect(answer.status).toBe(403);
      expect(errorOf(answer)).toMatchObject({
        message: `${field} needs a key with the scope scan:read`,
        extensions: { code: "FORBIDDEN", scope: "scan:read" },
      });
    }
    for (const mutation of [
      "cancelScan(id: 1) { ... on CancelScanSuccess { scan { name } } }",
      "rescan(id: 1) { ... on RescanSuccess { scan { results { details } } } }",
      'retryResult(id: 1, engine: "Alpha") { ... on RetryResultSuccess { scan { verdict } } }',
      "submitScans(input: { samples: [] }) { ... on SubmitScansSuccess { batch { scans { nodes { name } } } } }",
    ]) {
      expect((await operation(writer, `mutation { ${mutation} }`)).status).toBe(403);
    }
    expect(await stored(stage)).toEqual(before);
  });

  it("may be anything for admin, and introspection for every key", async () => {
    const admin = await keyWith(["admin"]);
    expect((await operation(admin, "{ apiKeys { id } engines { name } }")).json<GraphQLAnswer<unknown>>().errors).toBeUndefined();
    expect((await operation(await keyWith(["sample:read"]), "{ __schema { queryType { name } } }")).status).toBe(200);
  });

  it("without a key is refused as GraphQL errors are", async () => {
    const answer = await operation(undefined, "{ engines { name } }");
    expect(answer.status).toBe(401);
    expect(errorOf(answer)).toMatchObject({ extensions: { code: "UNAUTHENTICATED" } });
  });

  it("uploads through an address that needs no key", async () => {
    const made = await operation(await keyWith(["scan:write"]), "mutation { createUpload { id url } }");
    const { url } = made.json<{ data: { createUpload: { url: string } } }>().data.createUpload;
    expect((await ask(url, { method: "PUT", body: "by address" })).status).toBe(201);
  });
});

it("a gateway that listens elsewhere without saying how it is guarded does not start", async () => {
  await expect(stage.gatewayProcess({ HOST: "0.0.0.0" })).rejects.toThrow(/SCANMESH_AUTH: must be set/);
});

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../puppet-agent.js";
import { startStage, until, type LocalGateway, type Stage } from "../stage.js";
import { ask, data, graphql } from "./http-client.js";

let stage: Stage;
let gateway: LocalGateway;
let agent: PuppetAgent;

const SUBMIT = `mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) {
    __typename
    ... on SubmitScanSuccess { scan { id scanId name speed internet total done verdict endDate skipped { engine reason } sample { sha256 size } results { engine state } } }
    ... on UserError { message code path }
    ... on MeshUnavailable { retryAfter }
  }
}`;

interface Submitted {
  readonly __typename: string;
  readonly scan: { id: string; scanId: number; verdict: string | null; endDate: string | null; [key: string]: unknown };
  readonly code: string;
  readonly message: string;
  readonly path: string[];
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function submit(input: object): Promise<Submitted> {
  return (await data<{ submitScan: Submitted }>(gateway.url, SUBMIT, { input })).submitScan;
}

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gateway();
  agent = await startPuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW" })]);
});

afterAll(async () => {
  await agent.close();
  await stage.stop();
});

describe("submitScan", () => {
  it("takes a small sample as base64", async () => {
    const { __typename, scan } = await submit({ base64: base64("small"), name: "small.txt", speed: "FAST" });
    expect(__typename).toBe("SubmitScanSuccess");
    expect(scan).toMatchObject({
      name: "small.txt",
      speed: "FAST",
      internet: false,
      total: 1,
      skipped: [{ engine: "Beta", reason: "TOO_SLOW" }],
      sample: { sha256: sha256("small"), size: 5 },
      results: [{ engine: "Alpha", state: "QUEUED" }],
    });
    expect(Buffer.from(scan.id, "base64url").toString()).toBe(`Scan:${scan.scanId}`);
  });

  it("takes an empty sample", async () => {
    expect(await submit({ base64: "" })).toMatchObject({ scan: { sample: { size: 0 } } });
  });

  it("takes the sha256 of a stored sample", async () => {
    await submit({ base64: base64("stored") });
    expect(await submit({ sha256: sha256("stored").toUpperCase() })).toMatchObject({ scan: { sample: { sha256: sha256("stored") } } });
  });

  it("takes an upload once its bytes are there", async () => {
    const { createUpload } = await data(gateway.url, "mutation { createUpload { id url expiresAt } }");
    expect(createUpload.url).toBe(`${gateway.url}/upload/${createUpload.id}`);
    expect(await submit({ uploadId: createUpload.id })).toMatchObject({ __typename: "InvalidInput", code: "BAD_INPUT" });
    const sent = await ask(createUpload.url, { method: "PUT", body: "by upload" });
    expect(sent).toMatchObject({ status: 201 });
    expect(sent.json()).toMatchObject({ id: createUpload.id, sha256: sha256("by upload"), size: 9 });
    expect(await submit({ uploadId: createUpload.id })).toMatchObject({ scan: { sample: { sha256: sha256("by upload") } } });
  });

  it("is final at once when the request's own choice leaves no engine", async () => {
    const { scan } = await submit({ base64: base64("nobody"), engines: ["beta"], speed: "ULTRA" });
    expect(scan).toMatchObject({ total: 0, verdict: "INCONCLUSIVE" });
    expect(scan.endDate).not.toBeNull();
  });

  it.each([
    ["nothing to scan", {}, "BAD_INPUT", []],
    ["two things to scan", { base64: "", sha256: sha256("x") }, "BAD_INPUT", []],
    ["base64 without its padding", { base64: "QQ" }, "BAD_INPUT", ["base64"]],
    ["base64 with stray bits", { base64: "QR==" }, "BAD_INPUT", ["base64"]],
    ["what is not base64", { base64: "not base64!" }, "BAD_INPUT", ["base64"]],
    ["more than 128 KiB", { base64: Buffer.alloc(128 * 1024 + 1).toString("base64") }, "TOO_LARGE", ["base64"]],
    ["what is not a sha256", { sha256: "abc" }, "BAD_INPUT", ["sha256"]],
    ["an unknown sha256", { sha256: sha256("never seen") }, "NOT_FOUND", []],
    ["what is not an upload's id", { uploadId: "nothing" }, "NOT_FOUND", []],
    ["an unknown upload", { uploadId: "00000000-0000-4000-8000-000000000000" }, "NOT_FOUND", []],
    ["an unknown engine", { base64: "", engines: ["Alpha", "Nobody"] }, "BAD_INPUT", []],
    ["a choice of no engine", { base64: "", engines: [] }, "BAD_INPUT", ["engines"]],
    ["too short a deadline", { base64: "", deadline: 9 }, "BAD_INPUT", ["deadline"]],
    ["too long a deadline", { base64: "", deadline: 86_401 }, "BAD_INPUT", ["deadline"]],
    ["too long a name", { base64: "", name: "n".repeat(1_025) }, "BAD_INPUT", ["name"]],
  ])("refuses %s", async (_what, input, code, field) => {
    const before = await data(gateway.url, "{ scans { totalCount } }");
    expect(await submit(input)).toMatchObject({ code, path: ["input", ...field] });
    expect(await data(gateway.url, "{ scans { totalCount } }")).toEqual(before);
  });

  it("takes exactly 128 KiB", async () => {
    expect(await submit({ base64: Buffer.alloc(128 * 1024).toString("base64") })).toMatchObject({ scan: { sample: { size: 131_072 } } });
  });

  it("replaces NUL and control characters of a name", async () => {
    expect(await submit({ base64: "", name: "a\u0000b\u001b[31m" })).toMatchObject({ scan: { name: "a\ufffdb\ufffd[31m" } });
  });
});

describe("reading", () => {
  it("pages through all scans in both orders without gaps or repeats", async () => {
    for (const order of ["NEWEST_FIRST", "OLDEST_FIRST"]) {
      const seen: number[] = [];
      let after: string | null = null;
      do {
        const { scans }: Record<string, any> = await data(
          gateway.url,
          `query($after: String, $order: ScanOrder!) { scans(first: 3, after: $after, order: $order) {
            totalCount nodes { scanId } edges { cursor node { scanId } } pageInfo { hasNextPage endCursor } } }`,
          { after, order },
        );
        expect(scans.edges.map((edge: any) => edge.node)).toEqual(scans.nodes);
        seen.push(...scans.nodes.map((node: any) => node.scanId));
        if (!scans.pageInfo.hasNextPage) expect(seen).toHaveLength(scans.totalCount);
        after = scans.pageInfo.hasNextPage ? scans.pageInfo.endCursor : null;
      } while (after !== null);
      expect(seen).toEqual(seen.toSorted((a, b) => (order === "OLDEST_FIRST" ? a - b : b - a)));
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  it("answers null for what is not there, and a code for what makes no sense", async () => {
    expect(await data(gateway.url, `{ scan(id: 999999999) { name } sample(hash: "${"0".repeat(32)}") { size } }`)).toEqual({ scan: null, sample: null });
    for (const query of [
      "{ scan(id: 0) { name } }",
      "{ scan(id: -1) { name } }",
      `{ sample(hash: "xyz") { size } }`,
      "{ scans(first: 0) { totalCount } }",
      "{ scans(first: 101) { totalCount } }",
      `{ scans(after: "AAAA") { totalCount } }`,
      `{ scans(after: "${Buffer.from("after:1; drop").toString("base64url")}") { totalCount } }`,
    ]) {
      expect((await graphql(gateway.url, query)).errors?.[0]?.extensions.code, query).toBe("BAD_INPUT");
    }
  });

  it("finds a sample by any of its hashes", async () => {
    await submit({ base64: base64("by hash") });
    const hash = (name: string) => createHash(name).update("by hash").digest("hex");
    for (const name of ["md5", "sha1", "sha256"]) {
      expect(await data(gateway.url, `{ sample(hash: "${hash(name).toUpperCase()}") { sha256 stored mime } }`)).toEqual({
        sample: { sha256: hash("sha256"), stored: true, mime: "text/plain" },
      });
    }
  });

  it("lists engines and agents with their health", async () => {
    await agent.announce([{}, { healthy: false, reason: "no signatures" }]);
    const query = "{ agents { agent host class state engines { name healthy reason slots busy runner versions { signatures } } } }";
    const agents = await until("the gateway has heard of it", async () => {
      const now = (await data(gateway.url, query)).agents;
      return now[0]?.engines[1].healthy === false && now;
    });
    const common = { slots: 1, busy: 0, runner: "puppet", versions: { signatures: "42" } };
    const engines = [
      { name: "Alpha", healthy: true, reason: null, ...common },
      { name: "Beta", healthy: false, reason: "no signatures", ...common },
    ];
    expect(agents).toEqual([{ agent: "puppet", host: "stage", class: "ISOLATED", state: "READY", engines }]);
    await agent.announce();
    expect(await data(gateway.url, "{ engines { name type speed internet input enabled available versions { engine } } }")).toEqual({
      engines: [
        { name: "Alpha", type: "AV", speed: "ULTRA", internet: false, input: "FILE", enabled: true, available: true, versions: { engine: "1.0" } },
        { name: "Beta", type: "AV", speed: "SLOW", internet: false, input: "FILE", enabled: true, available: true, versions: { engine: "1.0" } },
      ],
    });
  });
});

describe("requests over HTTP", () => {
  const json = { "content-type": "application/json" };
  const post = (body: string, headers: Record<string, string> = json) => ask(`${gateway.url}/graphql`, { method: "POST", headers, body });

  it("are served by GET too, for queries alone", async () => {
    const get = (query: string) => ask(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { "apollo-require-preflight": "1" } });
    expect((await get("{ engines { name } }")).status).toBe(200);
    expect((await get("mutation { createUpload { id } }")).status).toBe(405);
  });

  it("need what a plain web form cannot send", async () => {
    expect((await ask(`${gateway.url}/graphql?query={engines{name}}`)).status).toBe(400);
    expect((await post(`{"query":"{ engines { name } }"}`, { "content-type": "text/plain" })).status).toBe(415);
    expect((await post(`{"query":"{ engines { name } }"}`, { "content-type": "multipart/form-data; boundary=x" })).status).toBe(415);
  });

  it.each([
    ["a syntax error", JSON.stringify({ query: "{" }), "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", JSON.stringify({ query: "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"],
    ["no query", "{}", "BAD_REQUEST"],
    ["a batch", "[]", "BAD_REQUEST"],
    ["a batch of two", JSON.stringify([{ query: "{ engines { name } }" }, { query: "{ engines { name } }" }]), "BAD_REQUEST"],
    ["what is not JSON", "{", "BAD_INPUT"],
    ["a subscription", JSON.stringify({ query: "subscription { scanUpdated(id: 1) { name } }" }), "BAD_REQUEST"],
    ["too many tokens", JSON.stringify({ query: `{ ${"engines { name } ".repeat(2_000)} }` }), "GRAPHQL_PARSE_FAILED"],
    ["too deep a document", JSON.stringify({ query: `${"{a".repeat(100)}${"}".repeat(100)}` }), "LIMIT_EXCEEDED"],
    ["too many fields", JSON.stringify({ query: `{ ${Array.from({ length: 600 }, (_, i) => `a${i}: __typename`).join(" ")} }` }), "LIMIT_EXCEEDED"],
    ["wrong variables", JSON.stringify({ query: "query($id: SafeInt!) { scan(id: $id) { name } }", variables: { id: "x" } }), "BAD_USER_INPUT"],
  ])("refuses %s", async (_what, body, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json<{ errors: any[] }>().errors[0].extensions.code).toBe(code);
    expect(answer.text).not.toMatch(/stacktrace|node_modules/);
  });

  it("refuses a body over 256 KiB", async () => {
    expect((await post(JSON.stringify({ query: " ".repeat(256 * 1024) }))).status).toBe(413);
  });

  it("answers introspection, which clients' tools need", async () => {
    const { getIntrospectionQuery } = await import("graphql");
    expect(await data(gateway.url, getIntrospectionQuery())).toHaveProperty("__schema");
  });

  it("hides what went wrong inside", async () => {
    const broken = await stage.gateway({ LOG_LEVEL: "silent" });
    await broken.context.db.destroy();
    const answer = await graphql(broken.url, "{ engines { name } }");
    expect(answer.errors).toEqual([{ message: "internal error", path: ["engines"], locations: [{ line: 1, column: 3 }], extensions: { code: "INTERNAL" } }]);
  });
});

describe("without introspection", () => {
  it("no transport tells the schema", async () => {
    const closed = await stage.gateway({ SCANMESH_INTROSPECTION: "off" });
    expect((await graphql(closed.url, "{ __schema { types { name } } }")).errors?.[0]?.extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
    const stream = await ask(`${closed.url}/graphql/stream?query=${encodeURIComponent("{ __schema { types { name } } }")}`);
    expect(stream.text).toContain("GRAPHQL_VALIDATION_FAILED");
  });
});

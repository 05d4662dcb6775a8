import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { setupId, type EngineSetup } from "../../../schema/engine-setup.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data, graphql, type GraphQLAnswer } from "../http/http-client.js";

/** A scan of these bytes. */
async function submit(text: string): Promise<number> {
  const input = { base64: Buffer.from(text).toString("base64") };
  const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
    gateway.url,
    "mutation Submit($input: SubmitScanInput!) { submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } } }",
    { input },
  );
  return submitScan.scan.scanId;
}

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW" })]);

beforeAll(async () => {
  for (const text of ["one", "two", "three", "four", "five", "six", "seven"]) await submit(text);
});

interface RunResult {
  readonly exitCode: number | null;
  readonly timings: { readonly waitingMs: number | null };
  readonly setup: EngineSetup | null;
}

interface Page {
  readonly totalCount: number;
  readonly nodes: readonly { scanId: number }[];
  readonly edges: readonly { cursor: string; node: { scanId: number } }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
}

describe("a result", () => {
  it("tells how its engine was run, which stands once for all that were run like that", async () => {
    const setup: EngineSetup = {
      runner: "puppet (isolation: none)",
      agentVersion: "0",
      updatedBy: "MESH",
      limits: { timeout: 60_000, MaxScanSize: "1024M" },
      bundles: [{ set: "main", digest: "ab".repeat(32) }],
    };
    await agent.announce([{ name: "Alpha", setup }]);
    const measured = { fetchingMs: 1.5, startingMs: 2.25, durationMs: 10.25, exitCode: 137, startedAt: new Date().toISOString() };
    const scans = [await submit("eight"), await submit("nine")];
    for (const scan of scans) await agent.answer("Alpha", { scan, setup: setupId(setup), ...measured });
    const read = async (scan: number) => {
      const { scan: found } = await data<{ scan: { results: RunResult[] } }>(
        gateway.url,
        `query($scan: SafeInt!) { scan(id: $scan) { results { engine exitCode
          timings { waitingMs fetchingMs startingMs scanningMs } setup { runner agentVersion updatedBy limits bundles { set digest } } } } }`,
        { scan },
      );
      return found.results;
    };
    for (const scan of scans) {
      const [alpha, beta] = await until("it is recorded", async () => {
        const results = await read(scan);
        return results[0]?.setup ? results : undefined;
      });
      expect(alpha).toMatchObject({ exitCode: 137, setup, timings: { fetchingMs: 1.5, startingMs: 2.25, scanningMs: 8 } });
      expect(alpha?.timings.waitingMs).toBeGreaterThanOrEqual(0);
      expect(beta).toMatchObject({
        exitCode: null,
        setup: null,
        timings: { waitingMs: null, fetchingMs: null, scanningMs: null },
      });
    }
    const rows = await stage.db.selectFrom("engine_setups").select(["id", "setup"]).execute();
    expect(rows).toEqual([{ id: setupId(setup), setup }]);
  });
});

describe("reading", () => {
  it("pages through all scans in both orders without gaps or repeats", async () => {
    for (const order of ["NEWEST_FIRST", "OLDEST_FIRST"]) {
      const seen: number[] = [];
      let after: string | null = null;
      do {
        const { scans }: { scans: Page } = await data(
          gateway.url,
          `query($after: String, $order: ScanOrder!) { scans(first: 3, after: $after, order: $order) {
            totalCount nodes { scanId } edges { cursor node { scanId } } pageInfo { hasNextPage endCursor } } }`,
          { after, order },
        );
        expect(scans.edges.map(({ node }) => node)).toEqual(scans.nodes);
        seen.push(...scans.nodes.map(({ scanId }) => scanId));
        if (!scans.pageInfo.hasNextPage) expect(seen).toHaveLength(scans.totalCount);
        after = scans.pageInfo.hasNextPage ? scans.pageInfo.endCursor : null;
      } while (after !== null);
      expect(seen).toEqual(seen.toSorted((a, b) => (order === "OLDEST_FIRST" ? a - b : b - a)));
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  it("answers null for what is not there, and a code for what makes no sense", async () => {
    expect(await data(gateway.url, `{ scan(id: 999999999) { name } sample(hash: "${"0".repeat(32)}") { size } }`)).toEqual({
      scan: null,
      sample: null,
    });
    for (const query of [
      "{ scan(id: 0) { name } }",
      "{ scan(id: -1) { name } }",
      `{ sample(hash: "xyz") { size } }`,
      "{ scans(first: 0) { totalCount } }",
      "{ scans(first: 101) { totalCount } }",
      `{ scans(after: "AAAA") { totalCount } }`,
      `{ scans(after: "${Buffer.from("after:1; drop").toString("base64url")}") { totalCount } }`,
    ]) {
      expect({ query, code: (await graphql(gateway.url, query)).errors?.[0]?.extensions.code }).toEqual({
        query,
        code: "BAD_INPUT",
      });
    }
  });

  it("finds a sample by any of its hashes", async () => {
    await submit("by hash");
    const hash = (name: string) => createHash(name).update("by hash").digest("hex");
    for (const name of ["md5", "sha1", "sha256"]) {
      expect(await data(gateway.url, `{ sample(hash: "${hash(name).toUpperCase()}") { sha256 stored mime } }`)).toEqual({
        sample: { sha256: hash("sha256"), stored: true, mime: "text/plain" },
      });
    }
  });

  it("lists engines and agents with their health", async () => {
    await agent.announce([{}, { healthy: false, reason: "no signatures" }]);
    const query =
      "{ agents { agent host class state engines { name healthy reason slots busy runner versions { signatures } } } }";
    const agents = await until("the gateway has heard of it", async () => {
      const now = (await data<{ agents: { engines: { healthy: boolean }[] }[] }>(gateway.url, query)).agents;
      return now[0]?.engines[1]?.healthy === false && now;
    });
    const common = { slots: 1, busy: 0, runner: "puppet", versions: { signatures: "42" } };
    const engines = [
      { name: "Alpha", healthy: true, reason: null, ...common },
      { name: "Beta", healthy: false, reason: "no signatures", ...common },
    ];
    expect(agents).toEqual([{ agent: "puppet", host: "stage", class: "ISOLATED", state: "READY", engines }]);
    await agent.announce();
    expect(
      await data(gateway.url, "{ engines { name type speed internet input enabled available versions { engine } } }"),
    ).toEqual({
      engines: [
        {
          name: "Alpha",
          type: "AV",
          speed: "ULTRA",
          internet: false,
          input: "FILE",
          enabled: true,
          available: true,
          versions: { engine: "1.0" },
        },
        {
          name: "Beta",
          type: "AV",
          speed: "SLOW",
          internet: false,
          input: "FILE",
          enabled: true,
          available: true,
          versions: { engine: "1.0" },
        },
      ],
    });
  });
});

describe("requests over HTTP", () => {
  const json = { "content-type": "application/json" };
  const post = (body: string, headers: Record<string, string> = json) =>
    ask(`${gateway.url}/graphql`, { method: "POST", headers, body });

  it("are served by GET too, for queries alone", async () => {
    const get = (query: string) =>
      ask(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { "apollo-require-preflight": "1" } });
    expect((await get("{ engines { name } }")).status).toBe(200);
    expect((await get("mutation { createUpload { id } }")).status).toBe(405);
  });

  it("need what a plain web form cannot send", async () => {
    expect((await ask(`${gateway.url}/graphql?query={engines{name}}`)).status).toBe(400);
    for (const type of ["text/plain", "multipart/form-data; boundary=x"]) {
      const answer = await post(`{"query":"{ engines { name } }"}`, { "content-type": type });
      expect(answer.status).toBe(415);
      expect(answer.json()).toMatchObject({
        errors: [{ message: `the Content-Type ${type} is not taken here: send application/json` }],
      });
    }
  });

  it.each([
    ["a syntax error", JSON.stringify({ query: "{" }), "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", JSON.stringify({ query: "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"],
    ["no query", "{}", "BAD_REQUEST"],
    ["a batch", "[]", "BAD_REQUEST"],
    ["a batch of two", JSON.stringify([{ query: "{ engines { name } }" }, { query: "{ engines { name } }" }]), "BAD_REQUEST"],
    ["what is not JSON", "{", "BAD_INPUT"],
    ["a subscription", JSON.stringify({ query: "subscription { scanUpdated(id: 1) { name } }" }), "BAD_REQUEST"],
    ["too many tokens", JSON.stringify({ query: `{ ${"engines { name } ".repeat(2_000)} }` }), "LIMIT_EXCEEDED"],
    ["too deep a document", JSON.stringify({ query: `${"{a".repeat(100)}${"}".repeat(100)}` }), "LIMIT_EXCEEDED"],
    [
      "too many fields",
      JSON.stringify({ query: `{ ${Array.from({ length: 600 }, (_, i) => `a${i}: __typename`).join(" ")} }` }),
      "LIMIT_EXCEEDED",
    ],
    [
      "wrong variables",
      JSON.stringify({ query: "query($id: SafeInt!) { scan(id: $id) { name } }", variables: { id: "x" } }),
      "BAD_USER_INPUT",
    ],
  ])("refuses %s", async (_what, body, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json<GraphQLAnswer<unknown>>().errors?.[0]?.extensions.code).toBe(code);
    expect(answer.text).not.toMatch(/stacktrace|node_modules/);
  });

  it("refuses a body over 256 KiB", async () => {
    const body = JSON.stringify({ query: " ".repeat(256 * 1024) });
    const answer = await post(body);
    expect(answer.status).toBe(413);
    const extensions = { code: "TOO_LARGE", limit: "bodyBytes", asked: String(body.length), most: 262_144 };
    expect(answer.json()).toMatchObject({
      errors: [{ message: "the body is too large: 262144 bytes are the most", extensions }],
    });
  });

  it("answers introspection, which clients' tools need", async () => {
    const { getIntrospectionQuery } = await import("graphql");
    expect(await data(gateway.url, getIntrospectionQuery())).toHaveProperty("__schema");
  });

  it("hides what went wrong inside", async () => {
    const broken = await stage.gateway({ LOG_LEVEL: "silent" });
    await broken.context.db.destroy();
    const answer = await graphql(broken.url, "{ engines { name } }");
    expect(answer.errors).toEqual([
      { message: "internal error", path: ["engines"], locations: [{ line: 1, column: 3 }], extensions: { code: "INTERNAL" } },
    ]);
  });
});

describe("without introspection", () => {
  it("no transport tells the schema", async () => {
    const closed = await stage.gateway({ SCANMESH_INTROSPECTION: "off" });
    expect((await graphql(closed.url, "{ __schema { types { name } } }")).errors?.[0]?.extensions.code).toBe(
      "GRAPHQL_VALIDATION_FAILED",
    );
    const stream = await ask(`${closed.url}/graphql/stream?query=${encodeURIComponent("{ __schema { types { name } } }")}`);
    expect(stream.text).toContain("GRAPHQL_VALIDATION_FAILED");
    expect((await ask(`${closed.url}/schema.graphql`)).status).toBe(404);
  });
});

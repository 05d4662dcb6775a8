import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { startStage, until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, type Answer } from "../http/http-client.js";
import { createRestClient, hash, json, stored, type RestClient } from "./rest-client.js";

let agent: PuppetAgent;
let client: RestClient;
let url: string;

const stage = useStage();

beforeAll(async () => {
  const gateway = await stage.gateway();
  agent = await startPuppet(stage, "puppet", [
    engine("ClamAV"),
    engine("FileInfo", { type: "METADATA" }),
    engine("Floss", { type: "FILE_FORMATS", speed: "SLOW" }),
    engine("Yara", { type: "METADATA", speed: "MEDIUM" }),
  ]);
  client = createRestClient(stage, gateway.url);
  url = gateway.url;
  for (let i = 0; i < 16; i += 1) await client.post("/api/v1/sample", json());
});

afterAll(async () => {
  await agent.close();
});

interface Report {
  readonly start_date: string;
  readonly end_date: string | null;
  readonly result: readonly { name: string; queued: number }[];
}

describe("GET /api/v1/sample/<id>", () => {
  it("shows every engine from the first moment and each as it finishes", async () => {
    const { id } = (await client.post("/api/v1/sample", json({ minspeed: 1 }))).json<{ id: number }>();
    const report = async () => (await client.get(`/api/v1/sample/${id}`)).json<Report>();
    const before = await report();
    expect(before).toMatchObject({
      id,
      name: "sample.exe",
      size: "8",
      infected: -1,
      end_date: null,
      verdict: null,
      engines: { total: 3, done: 0, skipped: 1 },
      skipped: [{ name: "Floss", reason: "too slow" }],
    });
    expect(before.start_date).toMatch(/^\w{3} \w{3} [ 123]\d \d\d:\d\d:\d\d \d{4}$/);
    expect(before.result.map(({ name, queued }) => [name, queued])).toEqual([
      ["ClamAV", 1],
      ["FileInfo", 1],
      ["Yara", 1],
    ]);
    await agent.answer("ClamAV", { scan: id, verdict: "INFECTED", signature: "Win.Test" });
    await agent.answer("FileInfo", { scan: id, details: { magic: { mime: "text/plain" } } });
    await agent.answer("Yara", { scan: id, state: "FAILED", error: "exit status 2" });
    await until("it is final", async () => (await report()).end_date);
    const after = await report();
    expect(after).toMatchObject({ infected: -1, verdict: "infected", detections: 1, engines: { total: 3, done: 3, skipped: 1 } });
    expect(after.result).toMatchObject([
      {
        name: "ClamAV",
        infected: true,
        result: "Win.Test",
        engine: "1.0",
        database: "42",
        queued: 0,
        scanning: 0,
        plugin_type: 1,
        speed: -1,
      },
      { name: "FileInfo", infected: "", magic: { mime: "text/plain" }, plugin_type: 2 },
      { name: "Yara", infected: "", error: "exit status 2", engine: "-", updated: "-", speed: 1 },
    ]);
  });

  it.each(["0", "-1", "+1", "1_0", "1e3", "%D9%A3", "9223372036854775808", "999999999", "abc", "1%20", "%00", "1.0"])(
    "knows no scan %s",
    async (id) => {
      expect(await client.refusal(() => client.get(`/api/v1/sample/${id}`))).toEqual({ status: 400, error: "invalid sample id" });
    },
  );
});

describe("GET /api/v1/sample", () => {
  const ids = (answer: Answer) => answer.json<{ id: number }[]>().map(({ id }) => id);

  it("lists all scans in ascending id, as a MultiAV2 client knows them", async () => {
    const answer = await client.get("/api/v1/sample");
    expect(answer.headers["content-type"]).toBe("application/json");
    const all = ids(answer);
    expect(all).toHaveLength((await stored(stage)).scans);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(answer.json<object[]>()[0]).toEqual({
      id: all[0],
      name: "sample.exe",
      md5: hash("md5", "a sample"),
      sha1: hash("sha1", "a sample"),
      sha256: hash("sha256", "a sample"),
      size: "8",
      start_date: expect.stringMatching(/^\w{3} \w{3} [ 123]\d \d\d:\d\d:\d\d \d{4}$/),
      end_date: null,
    });
  });

  it("pages by limit and after, with a link to the next page", async () => {
    const all = ids(await client.get("/api/v1/sample"));
    const seen: number[] = [];
    let next: string | undefined = `${url}/api/v1/sample?limit=7`;
    while (next !== undefined) {
      const page: Answer = await ask(next);
      seen.push(...ids(page));
      next = /^<([^>]+)>; rel="next"$/.exec(String(page.headers["link"]))?.[1];
    }
    expect(seen).toEqual(all);
    expect(ids(await client.get(`/api/v1/sample?after=${all.at(-2)}`))).toEqual(all.slice(-1));
    expect((await client.get(`/api/v1/sample?after=${all.at(-1)}`)).text).toBe("[]");
  });

  it.each(["limit=0", "limit=-1", "limit=x", "limit=", "limit=1001", "after=-1", "after=x", "limit=1&limit=2"])(
    "refuses ?%s",
    async (query) => {
      expect(await client.refusal(() => client.get(`/api/v1/sample?${query}`))).toEqual({
        status: 400,
        error: expect.stringMatching(/^invalid parameter: (limit|after)$/),
      });
    },
  );
});

describe("GET /api/v1/scanner", () => {
  it("lists the engines", async () => {
    const scanners = (await client.get("/api/v1/scanner")).json<object[]>();
    expect(scanners).toHaveLength(4);
    expect(scanners[0]).toEqual({
      name: "ClamAV",
      plugin_type: 1,
      speed: -1,
      has_internet: false,
      enabled: true,
      engine_version: "1.0",
      signature_version: "42",
    });
  });
});

describe("verbs and paths", () => {
  it.each([
    ["DELETE", "/api/v1/sample", "GET, HEAD, POST"],
    ["PUT", "/api/upload", "POST"],
    ["GET", "/api/upload", "POST"],
    ["HEAD", "/api/upload", "POST"],
    ["POST", "/api/v1/sample/1", "GET, HEAD"],
    ["POST", "/api/v1/scanner", "GET, HEAD"],
    ["PROPFIND", "/api/v1/sample/1", "GET, HEAD"],
    ["OPTIONS", "/api/v1/sample", "GET, HEAD, POST"],
  ])("%s %s is 405 with Allow", async (method, path, allow) => {
    const answer = await ask(`${url}${path}`, { method, ...(method === "POST" ? { body: "{" } : {}) });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toBe(allow);
    if (method !== "HEAD") expect(answer.json()).toEqual({ error: `${method} ${path}: this path takes ${allow}` });
  });

  it.each(["/api/", "/api/v1", "/api/v2/sample", "/api/v1/samples", "/api/v1/../../etc/passwd"])("%s is 404", async (path) => {
    expect(await client.refusal(() => client.get(path))).toEqual({
      status: 404,
      error: expect.stringMatching(/^no such path: GET \/\S+$/),
    });
  });

  it.each(["/api/v1/sample", "/api/v1/scanner"])("HEAD %s is GET without its body", async (path) => {
    const answer = await ask(`${url}${path}`, { method: "HEAD" });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(answer.headers["content-type"]).toBe("application/json");
  });
});

describe("a mesh that cannot scan", () => {
  it("answers 503 with Retry-After and stores nothing", async () => {
    const empty = await startStage();
    try {
      const { url } = await empty.gateway();
      const answer = await ask(`${url}/api/v1/sample`, { method: "POST", body: json() });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect(answer.json()).toEqual({ error: expect.any(String) });
      expect(await empty.db.selectFrom("samples").select("id").execute()).toEqual([]);
    } finally {
      await empty.stop();
    }
  });
});

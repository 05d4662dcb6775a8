import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../puppet-agent.js";
import { startStage, until, type LocalGateway, type Stage } from "../stage.js";
import { ask, type Answer } from "./http-client.js";

const LIMIT = 64 * 1024;

let stage: Stage;
let gateway: LocalGateway;
let agent: PuppetAgent;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gateway({ SCANMESH_BASE64_LIMIT: "64KiB", SCANMESH_UPLOAD_LIMIT: "2MiB" });
  agent = await startPuppet(stage, "puppet", [
    engine("ClamAV"),
    engine("FileInfo", { type: "METADATA" }),
    engine("Floss", { type: "FILE_FORMATS", speed: "SLOW" }),
    engine("Yara", { type: "METADATA", speed: "MEDIUM" }),
  ]);
});

afterAll(async () => {
  await agent.close();
  await stage.stop();
});

const hash = (name: string, text: string | Uint8Array) => createHash(name).update(text).digest("hex");
const post = (path: string, body: string | FormData, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}${path}`, { method: "POST", body, headers });
const get = (path: string) => ask(`${gateway.url}${path}`);

const GOOD = { allow_internet: "False", minspeed: 3, sample: Buffer.from("a sample").toString("base64"), sample_name: "sample.exe" };
const json = (changes: object = {}) => JSON.stringify({ ...GOOD, ...changes });

function without(key: keyof typeof GOOD): string {
  const { [key]: _, ...rest } = GOOD;
  return JSON.stringify(rest);
}

function form(fields: Record<string, string>, file: { text: string; name?: string } | undefined, order: "file first" | "file last" = "file last"): FormData {
  const data = new FormData();
  const add = () => file && data.append("file_upload", new Blob([file.text]), file.name ?? "sample.exe");
  if (order === "file first") add();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  if (order === "file last") add();
  return data;
}

async function stored(): Promise<{ scans: number; samples: number }> {
  const count = async (table: "scans" | "samples") => (await stage.db.selectFrom(table).select("id").execute()).length;
  return { scans: await count("scans"), samples: await count("samples") };
}

/** A request that is refused must leave nothing behind. */
async function refused(request: () => Promise<Answer>, status: number, error: string | RegExp): Promise<void> {
  const before = await stored();
  const answer = await request();
  expect(answer.json()).toEqual({ error: typeof error === "string" ? error : expect.stringMatching(error) });
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  expect(await stored()).toEqual(before);
}

describe.each(["/api/v1/sample", "/api/upload"])("POST %s with JSON", (path) => {
  it("answers with the scan's id, the hashes and an integer size", async () => {
    const answer = await post(path, json());
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(answer.json()).toEqual({
      id: expect.any(Number),
      hashes: { md5: hash("md5", "a sample"), sha1: hash("sha1", "a sample"), sha256: hash("sha256", "a sample") },
      file: { name: "sample.exe", size: 8 },
    });
  });

  it.each(["application/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "x/y"])("reads %s as JSON", async (type) => {
    expect((await post(path, json(), { "content-type": type })).status).toBe(200);
  });

  it("makes a new scan for the same bytes under another name", async () => {
    const [first, second] = [await post(path, json()), await post(path, json({ sample_name: "ünïcode\u0000.exe" }))];
    expect(second.json<{ id: number }>().id).toBeGreaterThan(first.json<{ id: number }>().id);
    const report = (await get(`/api/v1/sample/${second.json<{ id: number }>().id}`)).json();
    expect(report).toMatchObject({ name: "ünïcode\ufffd.exe" });
  });

  it("takes an empty sample", async () => expect((await post(path, json({ sample: "" }))).json()).toMatchObject({ file: { size: 0 } }));
  it("takes the largest sample", async () => {
    expect((await post(path, json({ sample: Buffer.alloc(LIMIT).toString("base64") }))).json()).toMatchObject({ file: { size: LIMIT } });
  });

  it.each([
    ["nothing", "", 400, "invalid json"],
    ["what is not JSON", "{", 400, "invalid json"],
    ["a form's text", "minspeed=3", 400, "invalid json"],
    ["bytes that are not UTF-8", "\ud800", 400, "invalid json"],
    ["a list", "[]", 400, "missing parameter: allow_internet"],
    ["null", "null", 400, "missing parameter: allow_internet"],
    ["an empty object", "{}", 400, "missing parameter: allow_internet"],
    ["no minspeed", without("minspeed"), 400, "missing parameter: minspeed"],
    ["no sample", without("sample"), 400, "missing parameter: sample"],
    ["no name", without("sample_name"), 400, "missing parameter: sample_name"],
    ["a minspeed out of range", json({ minspeed: 4 }), 400, "invalid parameter: minspeed"],
    ["a minspeed that is no number", json({ minspeed: "fast" }), 400, "invalid parameter: minspeed"],
    ["a minspeed that is null", json({ minspeed: null }), 400, "invalid parameter: minspeed"],
    ["a sample that is not base64", json({ sample: "!!!" }), 400, "invalid parameter: sample"],
    ["a sample of impossible length", json({ sample: "QUJDQ" }), 400, "invalid parameter: sample"],
    ["a sample that is a number", json({ sample: 7 }), 400, "invalid parameter: sample"],
    ["a name that is a number", json({ sample_name: 7 }), 400, "invalid parameter: sample_name"],
    ["a name that is too long", json({ sample_name: "n".repeat(1_025) }), 400, "invalid parameter: sample_name"],
    ["a sample over the limit", json({ sample: Buffer.alloc(LIMIT + 1).toString("base64") }), 413, /may have 65536 bytes/],
    ["a body over the limit", json({ sample: "A".repeat(4 * LIMIT) }), 413, /too large/],
  ])("refuses %s and stores nothing", async (_what, body, status, error) => {
    const bytes = body === "\ud800" ? (Buffer.from([0x7b, 0xff, 0x7d]) as unknown as string) : body;
    await refused(() => post(path, bytes), status, error);
  });

  it("checks minspeed before the sample, whatever else is wrong", async () => {
    await refused(() => post(path, JSON.stringify({ allow_internet: 1, minspeed: "x" })), 400, "invalid parameter: minspeed");
  });

  it.each([
    ["3", 4],
    [" 2 ", 4],
    [1, 3],
    [true, 3],
    ["-1", 2],
    [-1, 2],
  ])("takes minspeed %j as the slowest class allowed", async (minspeed, engines) => {
    const { id } = (await post(path, json({ minspeed }))).json<{ id: number }>();
    expect((await get(`/api/v1/sample/${id}`)).json<{ result: unknown[] }>().result).toHaveLength(engines);
  });
});

describe.each(["/api/v1/sample", "/api/upload"])("POST %s with a form", (path) => {
  it.each(["file first", "file last"] as const)("takes its fields, %s", async (order) => {
    const answer = await post(path, form({ minspeed: "3", allow_internet: "True" }, { text: "by form", name: "ünï.exe" }, order));
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ hashes: { sha256: hash("sha256", "by form") }, file: { name: "ünï.exe", size: 7 } });
    const id = answer.json<{ id: number }>().id;
    expect(await stage.db.selectFrom("scans").select(["speed", "internet"]).where("id", "=", id).executeTakeFirst()).toEqual({ speed: "ALL", internet: true });
  });

  it("allows only the fastest engines and no internet unless it is told", async () => {
    const id = (await post(path, form({}, { text: "by form" }))).json<{ id: number }>().id;
    expect(await stage.db.selectFrom("scans").select(["speed", "internet"]).where("id", "=", id).executeTakeFirst()).toEqual({ speed: "ULTRA", internet: false });
  });

  it("takes a file of many chunks", async () => {
    const text = "0123456789abcdef".repeat(120 * 1024);
    expect((await post(path, form({}, { text }, "file first"))).json()).toMatchObject({ hashes: { sha256: hash("sha256", text) }, file: { size: text.length } });
  });

  it("refuses what makes no sense and stores nothing", async () => {
    await refused(() => post(path, form({ minspeed: "3" }, undefined)), 400, "missing parameter: file_upload");
    await refused(() => post(path, form({ minspeed: "9" }, { text: "wrong minspeed" }, "file first")), 400, "invalid parameter: minspeed");
    await refused(() => post(path, form({ minspeed: "9" }, { text: "wrong minspeed" })), 400, "invalid parameter: minspeed");
    await refused(() => post(path, form({}, { text: "x", name: "n".repeat(1_025) })), 400, "invalid parameter: file_upload");
    await refused(() => post(path, "--x", { "content-type": "multipart/form-data" }), 400, "invalid multipart");
    await refused(() => post(path, "--x\r\n", { "content-type": "multipart/form-data; boundary=x" }), 400, "invalid multipart");
    const cut = `--x\r\nContent-Disposition: form-data; name="file_upload"; filename="a"\r\n\r\ncut off in the mid`;
    await refused(() => post(path, cut, { "content-type": "multipart/form-data; boundary=x" }), 400, "invalid multipart");
  });

  it("refuses a file over the limit, whether its length is told or not", async () => {
    await refused(() => post(path, form({}, { text: "x".repeat(2 * 1024 * 1024 + 1) })), 413, /2097152/);
    await refused(() => post(path, form({}, { text: "x".repeat(4 * 1024 * 1024) })), 413, /2097152/);
  });
});

describe("GET /api/v1/sample/<id>", () => {
  it("shows every engine from the first moment and each as it finishes", async () => {
    const { id } = (await post("/api/v1/sample", json({ minspeed: 1 }))).json<{ id: number }>();
    const report = async () => (await get(`/api/v1/sample/${id}`)).json<Record<string, any>>();
    const before = await report();
    expect(before).toMatchObject({ id, name: "sample.exe", size: "8", infected: -1, end_date: null, verdict: null, engines: { total: 3, done: 0, skipped: 1 } });
    expect(before["start_date"]).toMatch(/^\w{3} \w{3} [ 123]\d \d\d:\d\d:\d\d \d{4}$/);
    expect(before["result"].map((entry: any) => [entry.name, entry.queued])).toEqual([["ClamAV", 1], ["FileInfo", 1], ["Yara", 1]]);
    await agent.answer("ClamAV", { scan: id, verdict: "INFECTED", signature: "Win.Test" });
    await agent.answer("FileInfo", { scan: id, details: { magic: { mime: "text/plain" } } });
    await agent.answer("Yara", { scan: id, state: "FAILED", error: "exit status 2" });
    await until("it is final", async () => (await report())["end_date"]);
    const after = await report();
    expect(after).toMatchObject({ infected: -1, verdict: "infected", detections: 1, engines: { total: 3, done: 3, skipped: 1 } });
    expect(after["result"]).toMatchObject([
      { name: "ClamAV", infected: true, result: "Win.Test", engine: "1.0", database: "42", queued: 0, scanning: 0, plugin_type: 1, speed: -1 },
      { name: "FileInfo", infected: "", magic: { mime: "text/plain" }, plugin_type: 2 },
      { name: "Yara", infected: "", error: "exit status 2", engine: "-", updated: "-", speed: 1 },
    ]);
  });

  it.each(["0", "-1", "+1", "1_0", "1e3", "%D9%A3", "9223372036854775808", "999999999", "abc", "1%20", "%00", "1.0"])("knows no scan %s", async (id) => {
    await refused(() => get(`/api/v1/sample/${id}`), 400, "invalid sample id");
  });
});

describe("GET /api/v1/sample", () => {
  const ids = (answer: Answer) => answer.json<{ id: number }[]>().map(({ id }) => id);

  it("lists all scans in ascending id, as a MultiAV2 client knows them", async () => {
    const answer = await get("/api/v1/sample");
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    const all = ids(answer);
    expect(all).toHaveLength((await stored()).scans);
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
    const all = ids(await get("/api/v1/sample"));
    const seen: number[] = [];
    let next: string | undefined = `${gateway.url}/api/v1/sample?limit=7`;
    while (next !== undefined) {
      const page: Answer = await ask(next);
      seen.push(...ids(page));
      next = /^<([^>]+)>; rel="next"$/.exec(String(page.headers["link"]))?.[1];
    }
    expect(seen).toEqual(all);
    expect(ids(await get(`/api/v1/sample?after=${all.at(-2)}`))).toEqual(all.slice(-1));
    expect((await get(`/api/v1/sample?after=${all.at(-1)}`)).text).toBe("[]");
  });

  it.each(["limit=0", "limit=-1", "limit=x", "limit=", "limit=1001", "after=-1", "after=x", "limit=1&limit=2"])("refuses ?%s", async (query) => {
    await refused(() => get(`/api/v1/sample?${query}`), 400, /^invalid parameter: (limit|after)$/);
  });
});

describe("GET /api/v1/scanner", () => {
  it("lists the engines", async () => {
    const scanners = (await get("/api/v1/scanner")).json<object[]>();
    expect(scanners).toHaveLength(4);
    expect(scanners[0]).toEqual({ name: "ClamAV", plugin_type: 1, speed: -1, has_internet: false, enabled: true, engine_version: "1.0", signature_version: "42" });
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
    const answer = await ask(`${gateway.url}${path}`, { method, ...(method === "POST" ? { body: "{" } : {}) });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toBe(allow);
    if (method !== "HEAD") expect(answer.json()).toHaveProperty("error");
  });

  it.each(["/api", "/api/", "/api/v1", "/api/v2/sample", "/api/v1/samples", "/api/v1/../../etc/passwd"])("%s is 404", async (path) => {
    await refused(() => get(path), 404, "no such path");
  });

  it.each(["/api/v1/sample", "/api/v1/scanner"])("HEAD %s is GET without its body", async (path) => {
    const answer = await ask(`${gateway.url}${path}`, { method: "HEAD" });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
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

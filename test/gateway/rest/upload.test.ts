import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { useStage } from "../../stage/use-stage.js";
import { createRestClient, form, hash, json, without, type RestClient } from "./rest-client.js";

const LIMIT = 64 * 1024;

let agent: PuppetAgent;
let client: RestClient;

const stage = useStage();

beforeAll(async () => {
  const gateway = await stage.gateway({ SCANMESH_BASE64_LIMIT: "64KiB", SCANMESH_UPLOAD_LIMIT: "2MiB" });
  agent = await startPuppet(stage, "puppet", [
    engine("ClamAV"),
    engine("FileInfo", { type: "METADATA" }),
    engine("Floss", { type: "FILE_FORMATS", speed: "SLOW" }),
    engine("Yara", { type: "METADATA", speed: "MEDIUM" }),
  ]);
  client = createRestClient(stage, gateway.url);
});

afterAll(async () => {
  await agent.close();
});

describe.each(["/api/v1/sample", "/api/upload"])("POST %s with JSON", (path) => {
  it("answers with the scan's id, the hashes and an integer size", async () => {
    const answer = await client.post(path, json());
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json()).toEqual({
      id: expect.any(Number),
      hashes: { md5: hash("md5", "a sample"), sha1: hash("sha1", "a sample"), sha256: hash("sha256", "a sample") },
      file: { name: "sample.exe", size: 8 },
    });
  });

  it.each([
    "application/json",
    "application/json; charset=latin1",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "x/y",
    "json",
    "a/b/c",
    ";",
    "",
  ])("reads %j as JSON", async (type) => {
    expect((await client.post(path, json(), { "content-type": type })).status).toBe(200);
  });

  it.each(["multipart/mixed; boundary=x", "Multipart/Related", "multipart/; boundary=x"])(
    "refuses what is sent as %s",
    async (type) => {
      const answer = await client.post(path, json(), { "content-type": type });
      expect(answer.status).toBe(415);
      expect(answer.json()).toEqual({ error: expect.stringContaining("is not taken here") });
    },
  );

  it("makes a new scan for the same bytes under another name", async () => {
    const [first, second] = [
      await client.post(path, json()),
      await client.post(path, json({ sample_name: "ünïcode\u0000.exe" })),
    ];
    expect(second.json<{ id: number }>().id).toBeGreaterThan(first.json<{ id: number }>().id);
    const report = (await client.get(`/api/v1/sample/${second.json<{ id: number }>().id}`)).json();
    expect(report).toMatchObject({ name: "ünïcode\ufffd.exe" });
  });

  it("takes an empty sample", async () =>
    expect((await client.post(path, json({ sample: "" }))).json()).toMatchObject({ file: { size: 0 } }));
  it("takes the largest sample", async () => {
    expect((await client.post(path, json({ sample: Buffer.alloc(LIMIT).toString("base64") }))).json()).toMatchObject({
      file: { size: LIMIT },
    });
  });

  it.each([
    ["nothing", "", 400, "invalid json"],
    ["what is not JSON", "{", 400, "invalid json"],
    ["a form's text", "minspeed=3", 400, "invalid json"],
    ["bytes that are not UTF-8", Buffer.from('{"\xff"}', "latin1"), 400, "invalid json"],
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
    [
      "a sample over the limit",
      json({ sample: Buffer.alloc(LIMIT + 1).toString("base64") }),
      413,
      "a sample sent as base64 may have 65536 bytes",
    ],
    ["a body over the limit", json({ sample: "A".repeat(4 * LIMIT) }), 413, "the body is too large: 163840 bytes are the most"],
  ])("refuses %s and stores nothing", async (_what, body, status, error) => {
    expect(await client.refusal(() => client.post(path, body))).toEqual({ status, error });
  });

  it("checks minspeed before the sample, whatever else is wrong", async () => {
    expect(await client.refusal(() => client.post(path, JSON.stringify({ allow_internet: 1, minspeed: "x" })))).toEqual({
      status: 400,
      error: "invalid parameter: minspeed",
    });
  });

  it.each([
    ["3", 4],
    [" 2 ", 4],
    [1, 3],
    [true, 3],
    ["-1", 2],
    [-1, 2],
  ])("takes minspeed %j as the slowest class allowed", async (minspeed, engines) => {
    const { id } = (await client.post(path, json({ minspeed }))).json<{ id: number }>();
    expect((await client.get(`/api/v1/sample/${id}`)).json<{ result: unknown[] }>().result).toHaveLength(engines);
  });
});

describe.each(["/api/v1/sample", "/api/upload"])("POST %s with a form", (path) => {
  it.each(["file first", "file last"] as const)("takes its fields, %s", async (order) => {
    const answer = await client.post(
      path,
      form({ minspeed: "3", allow_internet: "True" }, { text: "by form", name: "ünï.exe" }, order),
    );
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ hashes: { sha256: hash("sha256", "by form") }, file: { name: "ünï.exe", size: 7 } });
    const id = answer.json<{ id: number }>().id;
    expect(await stage.db.selectFrom("scans").select(["speed", "internet"]).where("id", "=", id).executeTakeFirst()).toEqual({
      speed: "ALL",
      internet: true,
    });
  });

  it("allows only the fastest engines and no internet unless it is told", async () => {
    const id = (await client.post(path, form({}, { text: "by form" }))).json<{ id: number }>().id;
    expect(await stage.db.selectFrom("scans").select(["speed", "internet"]).where("id", "=", id).executeTakeFirst()).toEqual({
      speed: "ULTRA",
      internet: false,
    });
  });

  it.each([
    [`filename="=?utf-8?B?Y2Fmw6kuZXhl?="; filename*=utf-8''caf%C3%A9.exe`, "café.exe"],
    ['filename="we\\ird.exe"', "we\\ird.exe"],
    ['filename="dir/"', "dir"],
    ['filename="a%0Ab.exe"', "a\ufffdb.exe"],
    ['filename="rlo-\u202efdp.exe"', "rlo-\u202efdp.exe"],
    ['filename=""', "unnamed"],
  ])("names the file with %s alike in the answer and the report", async (fileName, name) => {
    const body = `--x\r\nContent-Disposition: form-data; name="file_upload"; ${fileName}\r\n\r\nabc\r\n--x--\r\n`;
    const answer = await client.post(path, body, { "content-type": "multipart/form-data; boundary=x" });
    expect(answer.json()).toMatchObject({ file: { name, size: 3 } });
    expect((await client.get(`/api/v1/sample/${answer.json<{ id: number }>().id}`)).json()).toMatchObject({ name });
  });

  it("passes over a file input in which none was chosen", async () => {
    const none = 'Content-Disposition: form-data; name="second"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n';
    const file = 'Content-Disposition: form-data; name="file_upload"; filename="a.exe"\r\n\r\nabc';
    for (const parts of [
      [none, file],
      [file, none],
    ]) {
      const body = `${parts.map((part) => `--x\r\n${part}\r\n`).join("")}--x--\r\n`;
      const answer = await client.post(path, body, { "content-type": "multipart/form-data; boundary=x" });
      expect(answer.json()).toMatchObject({ file: { name: "a.exe", size: 3 } });
    }
  });

  it("takes a file of many chunks", async () => {
    const text = "0123456789abcdef".repeat(120 * 1024);
    expect((await client.post(path, form({}, { text }, "file first"))).json()).toMatchObject({
      hashes: { sha256: hash("sha256", text) },
      file: { size: text.length },
    });
  });

  const cut = `--x\r\nContent-Disposition: form-data; name="file_upload"; filename="a"\r\n\r\ncut off in the mid`;

  it.each([
    ["no file", form({ minspeed: "3" }, undefined), "missing parameter: file_upload"],
    ["a wrong minspeed after the file", form({ minspeed: "9" }, { text: "wrong" }, "file first"), "invalid parameter: minspeed"],
    ["a wrong minspeed before the file", form({ minspeed: "9" }, { text: "wrong" }), "invalid parameter: minspeed"],
    ["too long a name", form({}, { text: "x", name: "n".repeat(1_025) }), "invalid parameter: file_upload"],
    ["a form without a boundary", "--x", "invalid multipart"],
    ["a form that ends before it begins", "--x\r\n", "invalid multipart"],
    ["a form that is cut off", cut, "invalid multipart"],
  ])("refuses %s and stores nothing", async (what, body, error) => {
    const type = what.includes("boundary") ? "multipart/form-data" : "multipart/form-data; boundary=x";
    const headers = typeof body === "string" ? { "content-type": type } : undefined;
    expect(await client.refusal(() => client.post(path, body, headers))).toEqual({ status: 400, error });
  });

  it.each([2 * 1024 * 1024 + 1, 4 * 1024 * 1024])("refuses a file of %i bytes, which is over the limit", async (size) => {
    const refusal = await client.refusal(() => client.post(path, form({}, { text: "x".repeat(size) })));
    expect(refusal).toEqual({ status: 413, error: expect.stringMatching(/2097152/) });
  });
});

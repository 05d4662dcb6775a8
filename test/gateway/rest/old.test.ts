/** The generation before /api/v1: report and search, whose mistakes are answered with 200. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, type Answer } from "../http/http-client.js";
import { createRestClient, hash, json, type RestClient } from "./rest-client.js";

let agent: PuppetAgent;
let client: RestClient;
let url: string;
let id: number;

const upload = async (text: string, name: string) =>
  (await client.post("/api/v1/sample", json({ sample: Buffer.from(text).toString("base64"), sample_name: name }))).json<{
    id: number;
  }>().id;

const stage = useStage();

beforeAll(async () => {
  ({ url } = await stage.gateway());
  agent = await startPuppet(stage, "puppet", [engine("ClamAV"), engine("FileInfo", { type: "METADATA" })]);
  client = createRestClient(stage, url);
  id = await upload("a sample", "sample.exe");
});

afterAll(async () => {
  await agent.close();
});

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

describe("/api/report", () => {
  it.each([
    ["GET with the id in the query", () => client.get(`/api/report?id=${id}`)],
    ["POST of a form", () => client.post("/api/report", `id=${id}`, { "content-type": "application/x-www-form-urlencoded" })],
    ["POST of a form without a Content-Type", () => client.post("/api/report", `id=${id}`)],
    ["POST of a multipart form", () => client.post("/api/report", formOf({ id: String(id) }))],
    ["POST of JSON", () => client.post("/api/report", JSON.stringify({ id }))],
    ["POST with the id in the query", () => client.post(`/api/report?id=${id}`, "")],
    ["POST whose body is meant, not its query", () => client.post("/api/report?id=99", `id=${id}`)],
  ])("%s is answered with the report and its report_id", async (_, request) => {
    const answer = await request();
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    const { report_id, ...report } = answer.json();
    expect(report_id).toBe(id);
    expect(report).toEqual((await client.get(`/api/v1/sample/${id}`)).json());
  });

  it("is polled until end_date is set and no entry is queued or scanning", async () => {
    const scan = await upload("polled", "polled.exe");
    const poll = async () =>
      (await client.get(`/api/report?id=${scan}`)).json<{
        end_date: string | null;
        result: { queued: number; scanning: number }[];
      }>();
    const waiting = async () => (await poll()).result.filter(({ queued, scanning }) => queued !== 0 || scanning !== 0).length;
    expect(await poll()).toMatchObject({ end_date: null });
    expect(await waiting()).toBe(2);
    await agent.answer("ClamAV", { scan, verdict: "CLEAN" });
    await agent.answer("FileInfo", { scan, details: {} });
    await until("the report is complete", async () => (await poll()).end_date);
    expect(await waiting()).toBe(0);
  });

  it.each(["", "?id=", "?ID=1"])("%s is answered 200 and no id", async (query) => {
    for (const answer of [await client.get(`/api/report${query}`), await client.post(`/api/report${query}`, "")]) {
      expect(answer).toMatchObject({ status: 200, text: '{"error":"report id not provided."}' });
    }
  });

  it.each([
    "0",
    "-1",
    "%2B1",
    "1_0",
    "1e3",
    "%D9%A3",
    "9223372036854775808",
    "999999999",
    "abc",
    "1%20",
    "%00",
    "1%27%20or%201=1",
  ])("knows no report %s, and says so with 200", async (given) => {
    expect(await client.get(`/api/report?id=${given}`)).toMatchObject({ status: 200, text: '{"error":"report not found"}' });
    expect(await client.post("/api/report", `id=${given}`)).toMatchObject({ status: 200, text: '{"error":"report not found"}' });
  });

  it.each([
    ["JSON that is cut off", "{", undefined, "invalid json"],
    ["a form without a boundary", "--x", "multipart/form-data", "invalid multipart"],
    ["a form that is cut off", "--x\r\n", "multipart/form-data; boundary=x", "invalid multipart"],
  ])("refuses %s", async (_, body, type, error) => {
    const headers = type === undefined ? undefined : { "content-type": type };
    expect(await client.refusal(() => client.post("/api/report", body, headers))).toEqual({ status: 400, error });
  });

  it("refuses a body that is too large", async () => {
    const large = "x".repeat(1024 * 1024 + 1);
    expect(await client.refusal(() => client.post("/api/report", `id=${large}`))).toEqual({
      status: 413,
      error: "the body is too large: 1048576 bytes are the most",
    });
    expect(await client.refusal(() => client.post("/api/report", formOf({ id: large })))).toEqual({
      status: 413,
      error: "the body is too large: 1048576 bytes are the most",
    });
  });
});

describe("/api/search", () => {
  const names = [
    "one_file.exe",
    "oneXfile.exe",
    "ünï 50% off.exe",
    "back\\slash.txt",
    `${"long".repeat(100)}.bin`,
    "a'); drop table scans; --",
    "schön.exe".normalize("NFD"),
    "schön.txt".normalize("NFC"),
    " blank.exe",
  ];
  const ids = new Map<string, number>();
  const found = (answer: Answer) => answer.json<{ id: number; report_id: number }[]>().map((report) => report.report_id);
  const search = (terms: string) => client.get(`/api/search?file_hash=${encodeURIComponent(terms)}`);

  beforeAll(async () => {
    for (const name of names) ids.set(name, await upload(`content of ${name}`, name));
  });

  it.each(["md5", "sha1", "sha256"])("finds every scan of a sample by its %s, in any case", async (algorithm) => {
    const again = await upload("a sample", "again.exe");
    const answer = await search(hash(algorithm, "a sample").toUpperCase());
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(found(answer)).toEqual(expect.arrayContaining([id, again]));
    expect(answer.json<object[]>()[0]).toEqual(expect.objectContaining((await client.get(`/api/v1/sample/${id}`)).json()));
  });

  it.each(names.filter((name) => !name.includes("%")))("finds the whole name %j, and no other", async (name) => {
    expect(found(await search(name))).toEqual([ids.get(name)]);
  });

  it.each([
    ["one%", ["one_file.exe", "oneXfile.exe"]],
    ["%file.exe", ["one_file.exe", "oneXfile.exe"]],
    ["one_f%", ["one_file.exe"]],
    ["%50% off%", ["ünï 50% off.exe"]],
    ["back\\s%", ["back\\slash.txt"]],
    [`${"long".repeat(20)}%.bin`, [`${"long".repeat(100)}.bin`]],
    ["a'%", ["a'); drop table scans; --"]],
    ["one_file.exe,back%,nothing", ["one_file.exe", "back\\slash.txt"]],
    [" one_file.exe , oneXfile.exe\r\n", ["one_file.exe", "oneXfile.exe"]],
    ["one_file.exe\noneXfile.exe\r\n\r\n", ["one_file.exe", "oneXfile.exe"]],
    [`${hash("md5", "content of one_file.exe")}, ${hash("sha1", "content of oneXfile.exe")}\n`, ["one_file.exe", "oneXfile.exe"]],
    ["schön.exe".normalize("NFC"), ["schön.exe".normalize("NFD")]],
    ["schön.txt".normalize("NFD"), ["schön.txt".normalize("NFC")]],
    ["schö%".normalize("NFC"), ["schön.exe".normalize("NFD"), "schön.txt".normalize("NFC")]],
    [" blank.exe", [" blank.exe"]],
    ["one_file.exe,one_file.exe,one%", ["one_file.exe", "oneXfile.exe"]],
  ])("%j finds %j", async (terms, expected) => {
    expect(found(await search(terms))).toEqual(expected.map((name) => ids.get(name)));
  });

  it.each([
    `${hash("md5", "content of one_file.exe")}, ${hash("sha256", "content of oneXfile.exe")}\n`,
    " one_file.exe\noneXfile.exe ",
  ])("finds %j in the CSV too", async (terms) => {
    const { text } = await client.get(`/export/csv?q=${encodeURIComponent(terms)}`);
    expect(text.split("\n").map((line) => line.split(";")[0])).toEqual(["name", "one_file.exe", "oneXfile.exe", ""]);
  });

  it("finds everything by %, each report once and in ascending id", async () => {
    const all = found(await search("%,one%"));
    expect(all).toEqual((await client.get("/api/v1/sample")).json<{ id: number }[]>().map((scan) => scan.id));
  });

  it("takes its terms from a form too", async () => {
    expect(found(await client.post("/api/search", formOf({ file_hash: "one%" })))).toHaveLength(2);
    expect(found(await client.post("/api/search", "file_hash=one%25"))).toHaveLength(2);
  });

  it.each(["", "nothing", "nothing%", "ONE_FILE.EXE", ",", "\u0000", "d41d8cd98f00b204e9800998ecf8427e", "0".repeat(64)])(
    "%j finds nothing, and says so with 200",
    async (terms) => {
      expect(await search(terms)).toMatchObject({ status: 200, text: '{"error":"Not found."}' });
    },
  );

  it("says so without terms too", async () =>
    expect(await client.get("/api/search")).toMatchObject({ status: 200, text: '{"error":"Not found."}' }));

  it.each(["x,".repeat(1_000), "%,".repeat(21)])("refuses more terms than it looks for at once", async (terms) => {
    expect(await client.refusal(() => client.post("/api/search", `file_hash=${encodeURIComponent(terms)}`))).toEqual({
      status: 400,
      error: "invalid parameter: file_hash",
    });
  });
});

describe("verbs", () => {
  it.each(["/api/report?id=1", "/api/search?file_hash=%25", "/export/csv"])("HEAD %s is GET without its body", async (path) => {
    const [head, get] = [await ask(`${url}${path}`, { method: "HEAD" }), await client.get(path)];
    expect(head).toMatchObject({ status: get.status, text: "" });
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
  });

  it.each([
    ["PUT", "/api/report", "GET, HEAD, POST"],
    ["DELETE", "/api/search", "GET, HEAD, POST"],
    ["POST", "/export/csv", "GET, HEAD"],
    ["POST", "/api/openapi.json", "GET, HEAD"],
    ["PATCH", "/api", "GET, HEAD"],
    ["OPTIONS", "/api/report", "GET, HEAD, POST"],
    ["PUT", "/graphql", "GET, HEAD, POST"],
    ["POST", "/healthz", "GET, HEAD"],
    ["DELETE", "/", "GET, HEAD"],
    ["GET", "/upload/00000000-0000-4000-8000-000000000000", "POST, PUT"],
  ])("%s %s is 405 with Allow", async (method, path, allow) => {
    const answer = await ask(`${url}${path}`, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toBe(allow);
    expect(answer.json()).toHaveProperty("error");
  });
});

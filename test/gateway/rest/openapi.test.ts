import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openApi } from "../../../gateway/rest/openapi.js";
import { ROUTES } from "../../../gateway/rest/route-table.js";
import { projectPath } from "../../../schema/paths.js";
import { ResultCause } from "../../../schema/states.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { useStage } from "../../stage/use-stage.js";
import { createRestClient, form, json, type RestClient } from "./rest-client.js";

let agent: PuppetAgent;
let client: RestClient;
let id: number;

const stage = useStage();

beforeAll(async () => {
  const { url } = await stage.gateway();
  agent = await startPuppet(stage, "puppet", [engine("ClamAV"), engine("FileInfo", { type: "METADATA" })]);
  client = createRestClient(stage, url);
  id = (await client.post("/api/v1/sample", json())).json<{ id: number }>().id;
  await agent.answer("ClamAV", { scan: id, verdict: "INFECTED", signature: "Test" });
});

afterAll(async () => {
  await agent.close();
});

const shown = (path: string) => path.replace(/:(\w+)/g, "{$1}");

describe("the OpenAPI document", () => {
  it("is served as it is committed", async () => {
    const served = (await client.get("/api/openapi.json")).json();
    expect(served).toEqual(JSON.parse(readFileSync(projectPath("schema", "openapi.json"), "utf8")));
    expect(served).toMatchObject({ openapi: "3.1.0" });
  });

  it("has every path and verb, and refers to nothing that is not there", () => {
    const { paths, components } = openApi();
    expect(Object.keys(paths)).toEqual(Object.keys(ROUTES).map((path) => shown(path)));
    const references = [...JSON.stringify(openApi()).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(new Set(references)).toEqual(new Set(Object.keys(components.schemas)));
    const ids = Object.values(paths).flatMap((verbs) => Object.values(verbs).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("names the causes of an engine that did not finish", () => {
    const causes = Object.keys(ResultCause).map((code) => `\`${code.toLowerCase().replaceAll("_", " ")}\``);
    const description = expect.stringContaining(causes.join(", ")) as unknown;
    expect(openApi().components.schemas).toMatchObject({ EngineEntry: { properties: { cause: { description } } } });
  });

  const answers: [verb: "GET" | "POST", path: string, request: () => Promise<{ json(): unknown; text: string }>][] = [
    ["GET", "/api/v1/sample", () => client.get("/api/v1/sample")],
    ["POST", "/api/v1/sample", () => client.post("/api/v1/sample", json())],
    ["GET", "/api/v1/sample/:id", () => client.get(`/api/v1/sample/${id}`)],
    ["GET", "/api/v1/scanner", () => client.get("/api/v1/scanner")],
    ["POST", "/api/upload", () => client.post("/api/upload", form({}, { text: "x" }))],
    ["GET", "/api/report", () => client.get(`/api/report?id=${id}`)],
    ["POST", "/api/report", () => client.post("/api/report", "")],
    ["GET", "/api/search", () => client.get("/api/search?file_hash=%25")],
    ["POST", "/api/search", () => client.post("/api/search", "")],
  ];

  it.each(answers)("%s %s answers as it says", async (verb, path, request) => {
    const schema = ROUTES[path]?.[verb]?.operation.answer["application/json"];
    expect(z.safeParse(schema as z.ZodType, (await request()).json()).error).toBeUndefined();
  });

  it("every JSON answer is tried above", () => {
    const all = Object.entries(ROUTES).flatMap(([path, verbs]) =>
      Object.entries(verbs).flatMap(([verb, { operation }]) =>
        "application/json" in operation.answer ? [`${verb} ${path}`] : [],
      ),
    );
    expect(answers.map(([verb, path]) => `${verb} ${path}`).toSorted()).toEqual(all.toSorted());
  });
});

describe("the page at /api", () => {
  it("names every path and loads nothing from outside", async () => {
    const page = await client.get("/api");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    for (const path of Object.keys(ROUTES)) expect(page.text).toContain(shown(path));
    const loaded = [...page.text.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? "");
    const isOwn = (address = "") => address === "data:," || new URL(address, "http://own/api").origin === "http://own";
    expect(loaded.filter((address) => !isOwn(address))).toEqual([]);
    expect(page.text).not.toMatch(/<script|style="|undefined|\[object/);
  });

  it("is under the same policy as the mesh's own page, and so is its style", async () => {
    const policy = (await client.get("/")).headers["content-security-policy"];
    expect(policy).toMatch(/default-src 'none'/);
    expect((await client.get("/api")).headers["content-security-policy"]).toBe(policy);
    expect((await client.get("/api/page.css")).headers["content-type"]).toBe("text/css; charset=utf-8");
  });
});

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { engine } from "../../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { ask, data } from "../../http/http-client.js";

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

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW" })]);

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
    expect(await submit({ sha256: sha256("stored").toUpperCase() })).toMatchObject({
      scan: { sample: { sha256: sha256("stored") } },
    });
  });

  it("takes an upload once its bytes are there", async () => {
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url expiresAt } }",
    );
    expect(createUpload.url).toBe(`${gateway.url}/upload/${createUpload.id}`);
    expect(await submit({ uploadId: createUpload.id })).toMatchObject({
      __typename: "InvalidInput",
      code: "BAD_INPUT",
      path: ["input", "uploadId"],
    });
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
    ["an unknown sha256", { sha256: sha256("never seen") }, "NOT_FOUND", ["sha256"]],
    ["what is not an upload's id", { uploadId: "nothing" }, "NOT_FOUND", ["uploadId"]],
    ["dashes of an upload's id", { uploadId: "-".repeat(36) }, "NOT_FOUND", ["uploadId"]],
    ["an upload's id with a line break", { uploadId: "00000000-0000-4000-8000-000000000000\n" }, "NOT_FOUND", ["uploadId"]],
    ["an unknown upload", { uploadId: "00000000-0000-4000-8000-000000000000" }, "NOT_FOUND", ["uploadId"]],
    ["an unknown engine", { base64: "", engines: ["Alpha", "Nobody"] }, "BAD_INPUT", ["engines"]],
    ["a choice of no engine", { base64: "", engines: [] }, "BAD_INPUT", ["engines"]],
    ["too short a deadline", { base64: "", deadline: 9 }, "BAD_INPUT", ["deadline"]],
    ["too long a deadline", { base64: "", deadline: 86_401 }, "BAD_INPUT", ["deadline"]],
    ["too long a name", { base64: "", name: "n".repeat(1_025) }, "BAD_INPUT", ["name"]],
  ])("refuses %s", async (_what, input, code, field) => {
    const before = await data(gateway.url, "{ scans { totalCount } }");
    expect(await submit(input)).toMatchObject({ code, path: ["input", ...field] });
    expect(await data(gateway.url, "{ scans { totalCount } }")).toEqual(before);
  });

  it("names the engines that no healthy agent has when only those could scan it", async () => {
    await stage.db.updateTable("engines").set({ unhealthy: "for a test" }).execute();
    const refused = await submit({ base64: "", engines: ["beta"] });
    await stage.db.updateTable("engines").set({ unhealthy: null }).execute();
    expect(refused).toMatchObject({
      code: "UNAVAILABLE",
      message: "no healthy agent runs an eligible engine (missing: Beta)",
      path: ["input"],
    });
  });

  it("takes exactly 128 KiB", async () => {
    expect(await submit({ base64: Buffer.alloc(128 * 1024).toString("base64") })).toMatchObject({
      scan: { sample: { size: 131_072 } },
    });
  });

  it("replaces control characters of a name", async () => {
    expect(await submit({ base64: "", name: "a\u0001b\u001b[31m" })).toMatchObject({ scan: { name: "a\ufffdb\ufffd[31m" } });
  });
});

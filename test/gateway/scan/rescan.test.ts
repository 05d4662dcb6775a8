import { createHash } from "node:crypto";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { createApiKey } from "../../../gateway/scan/api-keys.js";
import { deleteSample, deleteScan } from "../../../gateway/scan/delete.js";
import { rescan, retryResult } from "../../../gateway/scan/rescan.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { data } from "../http/http-client.js";
import { bytesOf, startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

interface Answer {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly scan: { readonly scanId: number; readonly [key: string]: unknown };
}

let here: WithdrawStage;

beforeAll(async () => {
  here = await startWithdrawStage();
});
afterAll(() => here.stop());
afterEach(() => here.settle());

const SCAN =
  "scan { scanId name speed internet total done verdict results { engine state verdict } } ... on UserError { code message path }";
const SCAN_OF = (type: string) => `__typename ... on ${type} { ${SCAN.replace(" ... on", " } ... on")}`;
const again = async (id: number, input?: object) =>
  (
    await data<{ rescan: Answer }>(
      here.gateway.url,
      `mutation($id: SafeInt!, $input: RescanInput) { rescan(id: $id, input: $input) { ${SCAN_OF("RescanSuccess")} } }`,
      { id, input },
    )
  ).rescan;
const retry = async (id: number, name: string) =>
  (
    await data<{ retryResult: Answer }>(
      here.gateway.url,
      `mutation($id: SafeInt!, $engine: String!) { retryResult(id: $id, engine: $engine) { ${SCAN_OF("RetryResultSuccess")} } }`,
      { id, engine: name },
    )
  ).retryResult;
const answered = async (scanId: number, name: string, result: object) => {
  (await here.agent.take(name, { scan: scanId })).ack();
  await here.agent.answer(name, { scan: scanId, ...result });
};
/** A scan in which Beta said something and Alpha failed. */
async function failed(text: string): Promise<number> {
  const scanId = await here.submit(text);
  await answered(scanId, "Beta", { details: { kind: "text" } });
  await answered(scanId, "Alpha", { state: "FAILED", error: "it fell over" });
  await here.final(scanId);
  return scanId;
}

describe("rescan", () => {
  it("makes a new scan as the first was asked for, and leaves the first as it is", async () => {
    const input = {
      name: "report.doc",
      speed: "MEDIUM",
      internet: true,
      labels: [{ key: "case", value: "17" }],
      stopAfter: 3,
      deadlineMs: 60_000,
    } as const;
    const source = { kind: "stream", bytes: bytesOf("again") } as const;
    const { scanId } = await submitScan(here.gateway.context, TESTER, source, input);
    await answered(scanId, "Alpha", { verdict: "CLEAN" });
    const before = await here.final(scanId);
    const { scan, __typename } = await again(scanId);
    expect(__typename).toBe("RescanSuccess");
    expect(scan).toMatchObject({ name: "report.doc", speed: "MEDIUM", internet: true, total: 1, done: 0 });
    const report = await readScan(here.stage.db, scan.scanId);
    expect(report).toMatchObject({ previous: scanId, labels: { case: "17" }, stopAfter: 3 });
    expect((report?.deadline.getTime() ?? 0) - (report?.startDate.getTime() ?? 0)).toBe(60_000);
    expect(report?.skipped).toEqual(before.skipped);
    expect(report?.results.map(({ state, reusedFrom }) => [state, reusedFrom])).toEqual([["QUEUED", null]]);
    await answered(scan.scanId, "Alpha", { verdict: "INFECTED", signature: "New" });
    expect(await here.final(scan.scanId)).toMatchObject({ verdict: "INFECTED" });
    expect(await readScan(here.stage.db, scanId)).toEqual(before);
    expect(await here.audited("rescan", String(scan.scanId))).toBe(1);
  });

  it("asks the engines that were chosen by name, or those that are named now, or all but some", async () => {
    const chosen = await here.submit("chosen", ["Alpha"]);
    const gamma = await startPuppet(here.stage, "third", [engine("Gamma")]);
    const names = ({ scan }: Answer) => (scan["results"] as { engine: string }[]).map((result) => result.engine);
    expect(names(await again(chosen))).toEqual(["Alpha"]);
    expect(names(await again(chosen, { engines: ["gamma", "Beta"] }))).toEqual(["Beta", "Gamma"]);
    expect(names(await again(chosen, { excludeEngines: ["beta"] }))).toEqual(["Alpha", "Gamma"]);
    expect(names(await again(chosen, { engines: ["Beta"], speed: "FAST" }))).toEqual([]);
    await gamma.leave();
    await gamma.close();
  });

  it("has the labels that are given now in place of all that the first had", async () => {
    const input = { name: "a", speed: "ALL", internet: false, labels: [{ key: "case", value: "17" }] } as const;
    const { scanId } = await submitScan(here.gateway.context, TESTER, { kind: "stream", bytes: bytesOf("labelled") }, input);
    const labelsOf = async (input: object) => (await readScan(here.stage.db, (await again(scanId, input)).scan.scanId))?.labels;
    expect(await labelsOf({ labels: [{ key: "why", value: "new rules" }] })).toEqual({ why: "new rules" });
    expect(await labelsOf({ labels: [] })).toEqual({});
    expect(await labelsOf({})).toEqual({ case: "17" });
    expect(await again(scanId, { labels: [{ key: "no good", value: "" }] })).toMatchObject({
      __typename: "InvalidInput",
      path: ["input", "labels", "0", "key"],
    });
  });

  it.each([
    ["an unknown scan", () => again(999_999), "UnknownScan", "NOT_FOUND"],
    ["an unknown engine", async () => again(await here.submit("x"), { engines: ["Nobody"] }), "InvalidInput", "BAD_INPUT"],
    ["a choice of no engine", async () => again(await here.submit("x"), { engines: [] }), "InvalidInput", "BAD_INPUT"],
    ["too short a deadline", async () => again(await here.submit("x"), { deadline: 9 }), "InvalidInput", "BAD_INPUT"],
  ])("refuses %s", async (_, ask, type, code) => {
    expect(await ask()).toMatchObject({ __typename: type, code });
  });

  it("refuses a sample whose bytes are gone, and makes nothing", async () => {
    const scanId = await here.submit("gone");
    await sql`update samples set blob = null, isolated_chunks = null where sha256 = ${createHash("sha256").update("gone").digest("hex")}`.execute(
      here.stage.db,
    );
    const count = async () => (await here.stage.db.selectFrom("scans").select("id").execute()).length;
    const before = await count();
    expect(await again(scanId)).toMatchObject({ __typename: "SampleUnavailable", code: "SAMPLE_NOT_STORED" });
    expect(await count()).toBe(before);
  });
});

describe("retryResult", () => {
  it("takes over what another engine could not look into, as the API tells it", async () => {
    const closed = [
      { path: "letters.zip/secret.docx", format: "zip", method: "aes-256", state: "ENCRYPTED" },
      { path: "rest", format: "", method: null, state: "LIMIT" },
    ];
    const first = await here.submit("has a secret");
    await answered(first, "Beta", { state: "UNSCANNED", cause: "ENCRYPTED", error: "encrypted", closed });
    await answered(first, "Alpha", { state: "FAILED", error: "it fell over" });
    await here.final(first);
    const { scan } = await retry(first, "alpha");
    const shown = [
      { engine: "Alpha", closed: [] },
      { engine: "Beta", closed },
    ];
    const fields = "results { engine closed { path format method state } }";
    for (const id of [first, scan.scanId])
      expect(await data(here.gateway.url, `{ scan(id: ${id}) { ${fields} } }`)).toEqual({ scan: { results: shown } });
    const page = `{ scans(first: 2) { nodes { scanId ${fields} } } }`;
    expect(await data(here.gateway.url, page)).toEqual({
      scans: { nodes: [scan.scanId, first].map((scanId) => ({ scanId, results: shown })) },
    });
  });

  it("takes the other results over and runs only that engine; the verdict is of all of them", async () => {
    const first = await failed("fell over");
    const { __typename, scan } = await retry(first, "alpha");
    expect({ __typename, ...scan }).toMatchObject({
      __typename: "RetryResultSuccess",
      total: 2,
      done: 1,
      verdict: null,
      results: [
        { engine: "Alpha", state: "QUEUED" },
        { engine: "Beta", state: "DONE" },
      ],
    });
    const { request, ack } = await here.agent.take("Alpha", { scan: scan.scanId });
    expect(request.engines).toEqual(["Alpha"]);
    ack();
    await here.agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
    const report = await here.final(scan.scanId);
    expect(report).toMatchObject({ verdict: "CLEAN", previous: first, done: 2 });
    expect(report.results.map(({ reusedFrom, details }) => [reusedFrom, details])).toEqual([
      [null, null],
      [first, { kind: "text" }],
    ]);
    expect(await readScan(here.stage.db, first)).toMatchObject({ verdict: "INCONCLUSIVE" });
    expect(await here.audited("retryResult", String(scan.scanId))).toBe(1);
  });

  it("of a retried scan names the scan in which each engine said it, and keeps its detections", async () => {
    const first = await here.submit("twice over");
    await answered(first, "Beta", { state: "TIMEOUT" });
    await answered(first, "Alpha", { verdict: "INFECTED", signature: "Bad" });
    await here.final(first);
    const { scanId: second } = await retryResult(here.gateway.context, TESTER, first, "Beta");
    expect(await readScan(here.stage.db, second)).toMatchObject({ verdict: "INFECTED", detections: 1, done: 1, endDate: null });
    await answered(second, "Beta", { state: "TIMEOUT" });
    await here.final(second);
    const { scanId: third } = await retryResult(here.gateway.context, TESTER, second, "Beta");
    await deleteScan(here.gateway.context, TESTER, second);
    await answered(third, "Beta", {});
    const report = await here.final(third);
    expect(report.results.map(({ reusedFrom }) => reusedFrom)).toEqual([first, null]);
    expect(report).toMatchObject({ verdict: "INFECTED", previous: second });
  });

  it("of a scan with one engine is a scan of that engine", async () => {
    const first = await here.submit("only one", ["Alpha"]);
    await answered(first, "Alpha", { state: "TIMEOUT" });
    await here.final(first);
    const { scanId: second } = await retryResult(here.gateway.context, TESTER, first, "Alpha");
    await answered(second, "Alpha", { verdict: "CLEAN" });
    expect(await here.final(second)).toMatchObject({ verdict: "CLEAN", total: 1 });
  });

  it("refuses what cannot be run again, and says why", async () => {
    expect(await retry(999_999, "Alpha")).toMatchObject({ __typename: "UnknownScan", code: "NOT_FOUND" });
    const open = await here.submit("still open");
    expect(await retry(open, "Alpha")).toMatchObject({ code: "BAD_INPUT", message: `the scan ${open} is not final yet` });
    const first = await failed("refused");
    expect(await retry(first, "Gamma")).toMatchObject({
      code: "BAD_INPUT",
      message: `no engine called Gamma took part in scan ${first}`,
    });
    await sql`update engines set enabled = false where name = 'Alpha'`.execute(here.stage.db);
    expect(await retry(first, "Alpha")).toMatchObject({ code: "BAD_INPUT", message: "Alpha cannot take part now: DISABLED" });
    await sql`update engines set enabled = true where name = 'Alpha'`.execute(here.stage.db);
    const hash = createHash("sha256").update("refused").digest("hex");
    await deleteSample(here.gateway.context, TESTER, hash);
    expect(await retry(first, "Alpha")).toMatchObject({ __typename: "UnknownScan" });
  });

  it("counts for a key's quota of scans as any other scan", async () => {
    const first = await failed("within the quota");
    const { record } = await createApiKey(here.gateway.context, TESTER, {
      name: "one a day",
      scopes: ["scan:write"],
      dailyScans: 1,
    });
    const caller = { ...TESTER, key: { id: record.id, name: record.name, dailyScans: 1 } };
    const { scanId: second } = await retryResult(here.gateway.context, caller, first, "Alpha");
    await expect(retryResult(here.gateway.context, caller, first, "Alpha")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await expect(rescan(here.gateway.context, caller, first, {})).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(await readScan(here.stage.db, second)).toMatchObject({ previous: first });
  });

  it("is final by its deadline whatever becomes of the engine", async () => {
    const { scanId: second } = await retryResult(here.gateway.context, TESTER, await failed("overdue"), "Alpha");
    await sql`update scans set deadline = now() where id = ${second}`.execute(here.stage.db);
    expect(await here.final(second)).toMatchObject({ verdict: "INCONCLUSIVE", done: 2 });
    await until("its request is off the bus", async () => (await here.onTheBus("Alpha")).waiting === 0);
    expect((await rescan(here.gateway.context, TESTER, second, {})).scanId).toBeGreaterThan(second);
  });
});

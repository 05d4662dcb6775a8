import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findSample } from "../../../gateway/db/samples.js";
import { readScan } from "../../../gateway/db/scans.js";
import { GatewayError } from "../../../gateway/errors.js";
import { accept } from "../../../gateway/scan/accept.js";
import { deleteSample, deleteScan } from "../../../gateway/scan/delete.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { SAMPLES } from "../../../schema/subjects.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { ask, data } from "../http/http-client.js";
import { bytesOf, startWithdrawStage, type WithdrawStage } from "./withdraw-stage.js";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface Deleted {
  readonly __typename: string;
  readonly code?: string;
  readonly scanId?: number;
  readonly scans?: number;
}

let here: WithdrawStage;

beforeAll(async () => {
  here = await startWithdrawStage();
});
afterAll(() => here.stop());

const ERRORS = "... on UserError { code message path }";
const removeScan = async (id: number) =>
  (
    await data<{ deleteScan: Deleted }>(
      here.gateway.url,
      `mutation($id: SafeInt!) { deleteScan(id: $id) { __typename ... on DeleteScanSuccess { scanId } ${ERRORS} } }`,
      { id },
    )
  ).deleteScan;
const removeSample = async (hash: string, url = here.gateway.url) =>
  (
    await data<{ deleteSample: Deleted }>(
      url,
      `mutation($sha256: String!) { deleteSample(sha256: $sha256) { __typename ... on DeleteSampleSuccess { sha256 scans } ${ERRORS} } }`,
      { sha256: hash },
    )
  ).deleteSample;
const rows = async (table: "samples" | "scans" | "results" | "outbox" | "uploads" | "removals") =>
  (await here.stage.db.selectFrom(table).selectAll().execute()).length;
const emptied = () =>
  until("no chunk is stored and nothing is left to remove", async () => {
    return (await here.messages(SAMPLES)) === 0 && (await rows("removals")) === 0;
  });

describe("deleteScan", () => {
  it("withdraws an open scan and removes every row of it; who watches it is told that it is gone", async () => {
    const scanId = await here.submit("open");
    await here.published(scanId);
    const watch = here.gateway.context.watchers.scans.watch(scanId);
    expect((await watch.next()).value).toMatchObject({ scanId });
    const end = watch.next();
    expect(await removeScan(scanId)).toEqual({ __typename: "DeleteScanSuccess", scanId });
    expect(await end).toEqual({ done: true, value: undefined });
    expect(await here.onTheBus("Alpha")).toEqual({ waiting: 0, taken: 0 });
    expect(await here.cancellation(scanId)).toEqual({ v: 1, kind: "cancel", scans: [scanId] });
    expect([await rows("scans"), await rows("results"), await rows("outbox"), await rows("removals")]).toEqual([0, 0, 0, 0]);
    expect((await ask(`${here.gateway.url}/api/v1/sample/${scanId}`)).json()).toMatchObject({ error: "invalid sample id" });
    expect(await data(here.gateway.url, `{ scan(id: ${scanId}) { scanId } }`)).toEqual({ scan: null });
    expect(await here.audited("deleteScan", String(scanId))).toBe(1);
    expect(await findSample(here.stage.db, sha256("open"))).toMatchObject({ stored: true });
    expect(await removeScan(scanId)).toMatchObject({ __typename: "UnknownScan", code: "NOT_FOUND", path: ["id"] });
  });

  it("removes a final scan; a result that comes later is ignored", async () => {
    const scanId = await here.submit("final", ["Alpha"]);
    (await here.agent.take("Alpha", { scan: scanId })).ack();
    await here.agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    await here.final(scanId);
    await removeScan(scanId);
    await here.agent.answer("Alpha", { scan: scanId, verdict: "INFECTED" });
    await until("the result is ignored", async () => {
      const { values } = await here.gateway.context.metrics.resultsIgnored.get();
      return values.some(({ labels, value }) => labels.reason === "unknown scan" && value > 0);
    });
    expect(await readScan(here.stage.db, scanId)).toBeUndefined();
  });
});

describe("deleteSample", () => {
  it("removes bytes, scans and uploads of a sample, open scans included, and nothing of another", async () => {
    const kept = await here.submit("another sample", ["Alpha"]);
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      here.gateway.url,
      "mutation { createUpload { id url } }",
    );
    expect((await ask(createUpload.url, { method: "PUT", body: "doomed" })).status).toBe(201);
    const scans = [await here.submit("doomed"), await here.submit("doomed", ["Alpha"])];
    for (const scanId of scans) await here.published(scanId);
    expect(await removeSample(sha256("doomed").toUpperCase())).toMatchObject({ __typename: "DeleteSampleSuccess", scans: 2 });
    for (const scanId of scans) expect(await readScan(here.stage.db, scanId)).toBeUndefined();
    expect(await findSample(here.stage.db, sha256("doomed"))).toBeUndefined();
    const source = { kind: "upload", id: createUpload.id } as const;
    const input = { name: "a", speed: "ALL", internet: false } as const;
    await expect(submitScan(here.gateway.context, TESTER, source, input)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await here.audited("deleteSample", sha256("doomed"))).toBe(1);
    const { request } = await here.agent.take("Alpha", { scan: kept });
    expect(Buffer.from((await here.agent.readChunk(request.sample, 0)) ?? []).toString()).toBe("another sample");
    for (const text of ["open", "final", "another sample"]) await deleteSample(here.gateway.context, TESTER, sha256(text));
    expect(await emptied()).toBe(true);
    expect(await rows("samples")).toBe(0);
  });

  it.each([
    ["what is no sha256", "abc", "InvalidInput", "BAD_INPUT"],
    ["a sample that is not there", sha256("never"), "UnknownSample", "NOT_FOUND"],
  ])("refuses %s", async (_, hash, type, code) => {
    expect(await removeSample(hash)).toMatchObject({ __typename: type, code, path: ["sha256"] });
  });

  it("removes the copy in the internet account too, and the same bytes can be sent again", async () => {
    const outside = await startPuppet(here.stage, "outside", [engine("Net", { internet: true })], "internet");
    const input = { name: "a", speed: "ALL", internet: true, engines: ["Net"] } as const;
    const send = () => submitScan(here.gateway.context, TESTER, { kind: "stream", bytes: bytesOf("may leave") }, input);
    const first = await send();
    const before = await outside.take("Net", { scan: first.scanId });
    before.ack();
    const old = before.request.sample;
    expect(await outside.readChunk(old, 0)).toBeDefined();
    await removeSample(sha256("may leave"));
    expect(await emptied()).toBe(true);
    expect(await outside.readChunk(old, 0)).toBeUndefined();
    const again = await send();
    const { request, ack } = await outside.take("Net", { scan: again.scanId });
    expect(Buffer.from((await outside.readChunk(request.sample, 0)) ?? []).toString()).toBe("may leave");
    ack();
    await removeSample(sha256("may leave"));
    await outside.close();
  });

  it("by a gateway that is killed right after the commit is finished by another; the bytes sent again stay", async () => {
    const doomed = await here.stage.gatewayProcess({ SCANMESH_FAILPOINT: "removals.before:kill" });
    await here.submit("killed", ["Alpha"]);
    await here.gateway.stop();
    await expect(removeSample(sha256("killed"), doomed.url)).rejects.toThrow();
    await doomed.kill();
    expect(await rows("removals")).toBeGreaterThan(0);
    expect(await here.messages(SAMPLES)).toBe(1);
    here.gateway = await here.stage.gateway();
    const again = await here.submit("killed", ["Alpha"]);
    await until("nothing is left to remove", async () => (await rows("removals")) === 0);
    expect(await here.messages(SAMPLES)).toBe(1);
    const { request } = await here.agent.take("Alpha", { scan: again });
    expect(Buffer.from((await here.agent.readChunk(request.sample, 0)) ?? []).toString()).toBe("killed");
    await removeSample(sha256("killed"));
  });

  it("refuses a scan or an upload of a sample that was deleted after it was found", async () => {
    const { context } = here.gateway;
    await here.submit("found and gone", ["Alpha"]);
    const known = await findSample(here.stage.db, sha256("found and gone"));
    if (!known) throw new Error("the sample is not there");
    await removeSample(sha256("found and gone"));
    const options = { speed: "ALL", internet: false } as const;
    const request = {
      caller: TESTER,
      kind: "scan",
      options,
      samples: [{ sample: { kind: "stored", sample: known }, name: "a" }],
    } as const;
    await expect(accept(context, request)).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfter: 1 });
  });

  it("and submissions of it at the same time leave either a whole scan or none", async () => {
    const { context } = here.gateway;
    const input = { name: "a", speed: "ALL", internet: false, engines: ["Alpha"] } as const;
    const hash = sha256("contested");
    const refusal = (error: unknown) => {
      if (error instanceof GatewayError && ["NOT_FOUND", "UNAVAILABLE", "SAMPLE_NOT_STORED"].includes(error.code))
        return undefined;
      throw error;
    };
    for (let round = 0; round < 15; round++) {
      const sent = [
        submitScan(context, TESTER, { kind: "stream", bytes: bytesOf("contested") }, input),
        submitScan(context, TESTER, { kind: "hash", hash }, input),
      ].map((scan) => scan.catch(refusal));
      await Promise.all([...sent, deleteSample(context, TESTER, hash).catch(refusal)]);
      for (const accepted of await Promise.all(sent)) {
        const report = accepted && (await readScan(here.stage.db, accepted.scanId));
        if (report) expect(report).toMatchObject({ total: 1, sample: { sha256: hash, stored: true } });
      }
    }
    await deleteSample(context, TESTER, hash).catch(refusal);
    expect(await emptied()).toBe(true);
    expect([await rows("samples"), await rows("scans"), await rows("outbox")]).toEqual([0, 0, 0]);
  });

  it("takes the scans of a sample that is being scanned with it, one by one or all at once", async () => {
    const scans = await Promise.all([1, 2, 3].map(() => here.submit("many scans", ["Alpha"])));
    const { context } = here.gateway;
    const [first = 0] = scans;
    const outcomes = await Promise.allSettled([
      deleteScan(context, TESTER, first),
      deleteSample(context, TESTER, sha256("many scans")),
    ]);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "NOT_FOUND" });
    expect(await rows("scans")).toBe(0);
  });
});

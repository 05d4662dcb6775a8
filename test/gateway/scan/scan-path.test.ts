import { describe, expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan, type ScanInput } from "../../../gateway/scan/submit.js";
import type { ScanReport } from "../../../schema/reports.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until, TESTER } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";

const INPUT: ScanInput = { name: "a.bin", speed: "ALL", internet: false };

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [
  engine("Alpha"),
  engine("Beta", { speed: "FAST" }),
  engine("Gamma", { type: "METADATA", speed: "FAST" }),
]);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const submit = (text: string, input: Partial<ScanInput> = {}) =>
  submitScan(gateway.context, TESTER, { kind: "stream", bytes: bytes(text) }, { ...INPUT, ...input });

async function report(scanId: number): Promise<ScanReport> {
  const found = await readScan(stage.db, scanId);
  if (!found) throw new Error(`no scan ${scanId}`);
  return found;
}

const settled = (scanId: number, condition: (report: ScanReport) => boolean) =>
  until(`scan ${scanId} is as expected`, async () => {
    const now = await report(scanId);
    return condition(now) ? now : undefined;
  });

/** Takes and acknowledges a scan's request for one engine. */
async function take(name: string, scanId: number): Promise<void> {
  (await agent.take(name, { scan: scanId })).ack();
}

describe("the path of a scan", () => {
  it("publishes one request per class subject, naming the engines expected there", async () => {
    const { scanId, sample } = await submit("one request per class");
    const alpha = await agent.take("Alpha", { scan: scanId });
    const beta = await agent.take("Beta");
    const gamma = await agent.take("Gamma");
    expect(alpha.request.engines).toEqual(["Alpha"]);
    expect(beta.request.engines).toEqual(["Beta", "Gamma"]);
    expect(gamma.request).toEqual(beta.request);
    expect(alpha.request.sample).toMatchObject({ sha256: sample.sha256, size: 21, mime: "text/plain" });
    expect(Buffer.from((await agent.readChunk(alpha.request.sample, 0)) ?? []).toString()).toBe("one request per class");
    for (const { ack } of [alpha, beta, gamma]) ack();
    for (const name of ["Alpha", "Beta"]) await agent.answer(name, { scan: scanId, verdict: "CLEAN" });
    await agent.answer("Gamma", { scan: scanId });
    expect(await settled(scanId, ({ endDate }) => endDate !== null)).toMatchObject({
      verdict: "CLEAN",
      done: 3,
      total: 3,
      detections: 0,
    });
    expect(await stage.db.selectFrom("outbox").select("id").where("scan_id", "=", scanId).execute()).toEqual([]);
  });

  it("says INFECTED at the first detection and stays open for the others", async () => {
    const { scanId } = await submit("infected at once");
    await take("Alpha", scanId);
    await agent.answer("Alpha", { scan: scanId, verdict: "INFECTED", signature: "Test.Virus" });
    const early = await settled(scanId, ({ verdict }) => verdict !== null);
    expect(early).toMatchObject({ verdict: "INFECTED", endDate: null, done: 1, detections: 1 });
    await take("Beta", scanId);
    await take("Gamma", scanId);
    await agent.answer("Beta", { scan: scanId, verdict: "CLEAN" });
    await agent.answer("Gamma", { scan: scanId });
    expect(await settled(scanId, ({ endDate }) => endDate !== null)).toMatchObject({ verdict: "INFECTED", detections: 1 });
  });

  it("is INCONCLUSIVE, never clean, when one antivirus engine failed", async () => {
    const { scanId } = await submit("one engine fails", { engines: ["Alpha", "beta"] });
    await take("Alpha", scanId);
    await take("Beta", scanId);
    await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    await agent.answer("Beta", { scan: scanId, state: "FAILED" });
    expect(await settled(scanId, ({ endDate }) => endDate !== null)).toMatchObject({
      verdict: "INCONCLUSIVE",
      skipped: [{ engine: "Gamma", reason: "NOT_SELECTED" }],
    });
  });

  it("is INCONCLUSIVE when no antivirus engine took part, whatever the others found nothing", async () => {
    const { scanId } = await submit("metadata alone", { engines: ["Gamma"] });
    await take("Gamma", scanId);
    await agent.answer("Gamma", { scan: scanId });
    expect(await settled(scanId, ({ endDate }) => endDate !== null)).toMatchObject({ verdict: "INCONCLUSIVE", done: 1 });
  });

  it("lets a doubled result change nothing and a late detection raise a final scan without opening it", async () => {
    const { scanId } = await submit("late detection", { engines: ["Alpha"] });
    await take("Alpha", scanId);
    await agent.answer("Alpha", { scan: scanId, state: "TIMEOUT" });
    const final = await settled(scanId, ({ endDate }) => endDate !== null);
    for (let i = 0; i < 5; i += 1) await agent.answer("Alpha", { scan: scanId, state: "TIMEOUT" });
    await agent.answer("Alpha", { scan: scanId, state: "SCANNING" });
    await agent.answer("Alpha", { scan: scanId, verdict: "INFECTED", signature: "Late.Virus" });
    await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    const raised = await settled(scanId, ({ verdict }) => verdict === "INFECTED");
    expect(raised.endDate).toEqual(final.endDate);
    expect(raised).toMatchObject({ done: 1, detections: 1, revision: final.revision + 1 });
    expect(raised.results).toMatchObject([
      { engine: "Alpha", state: "DONE", verdict: "INFECTED", signature: "Late.Virus", error: null },
    ]);
  });

  it("is final at once, with the reasons, when the request's own choice leaves no engine", async () => {
    await agent.announce([{}, {}, {}]);
    const { scanId } = await submit("nobody is asked", { engines: [] });
    const { verdict, endDate, total, skipped } = await report(scanId);
    expect({ verdict, total }).toEqual({ verdict: "INCONCLUSIVE", total: 0 });
    expect(endDate).not.toBeNull();
    expect(skipped.map(({ reason }) => reason)).toEqual(["NOT_SELECTED", "NOT_SELECTED", "NOT_SELECTED"]);
  });

  it("shows a subscriber a snapshot, each change and the end, whichever gateway records", async () => {
    const second = await stage.gateway();
    const { scanId } = await submit("watched from both", { engines: ["Alpha", "Beta"] });
    const seen: string[][] = [[], []];
    const watches = [gateway, second].map(async ({ context }, i) => {
      for await (const { results } of context.watchers.scans.watch(scanId))
        seen[i]?.push(results.map(({ state }) => state).join(" "));
    });
    await until("both have a snapshot", () => seen.every(({ length }) => length === 1));
    await take("Alpha", scanId);
    await agent.answer("Alpha", { scan: scanId, state: "SCANNING" });
    await settled(scanId, ({ revision }) => revision === 1);
    await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    await settled(scanId, ({ revision }) => revision === 2);
    await take("Beta", scanId);
    await agent.answer("Beta", { scan: scanId, verdict: "CLEAN" });
    await Promise.all(watches);
    for (const states of seen) {
      expect(states[0]).toBe("QUEUED QUEUED");
      expect(states.at(-1)).toBe("DONE DONE");
    }
    await second.stop();
  });

  it("names the scan that a subscriber asked for in vain", async () => {
    await expect(gateway.context.watchers.scans.watch(999_999).next()).rejects.toThrow("there is no scan 999999");
  });
});

describe("results are untrusted", () => {
  it("takes a result only from the account of its engine's class", async () => {
    const { scanId } = await submit("wrong account", { engines: ["Alpha"] });
    const spy = await startPuppet(stage, "spy", [engine("Spy", { type: "INTEL", speed: "SLOW", internet: true })], "internet");
    await spy.answer("Alpha", { scan: scanId, verdict: "INFECTED", signature: "Forged" });
    await take("Alpha", scanId);
    await agent.answer("Alpha", { scan: scanId, verdict: "CLEAN" });
    expect(await settled(scanId, ({ endDate }) => endDate !== null)).toMatchObject({ verdict: "CLEAN", detections: 0 });
    const { values } = await gateway.context.metrics.resultsIgnored.get();
    expect(values.some(({ labels, value }) => labels.reason === "malformed" && value > 0)).toBe(true);
    await spy.close();
  });

  it("refuses what is no result and stores what has NUL in it without", async () => {
    const { scanId } = await submit("hostile results", { engines: ["Alpha"] });
    await take("Alpha", scanId);
    await agent.request("result.alpha", "{ not json");
    await agent.request("result.alpha", JSON.stringify({ v: 1, scan: scanId, state: "DONE" }));
    await agent.answer("Alpha", { scan: 888_888, verdict: "CLEAN" });
    await agent.answer("Nobody", { scan: scanId, verdict: "INFECTED" });
    await agent.answer("Alpha", {
      scan: scanId,
      verdict: "SUSPICIOUS",
      signature: "a\u0000b",
      details: { "k\u0000": ["\u0000x"] },
    });
    const final = await settled(scanId, ({ endDate }) => endDate !== null);
    expect(final).toMatchObject({ verdict: "SUSPICIOUS", results: [{ signature: "ab", details: { k: ["x"] } }] });
  });
});

describe("bad input", () => {
  it.each([
    { message: "no engine is called Omega", input: { engines: ["Alpha", "Omega"] } },
    { message: "the name has 1025 characters", input: { name: "x".repeat(1_025) } },
    { message: "the deadline must be from 10 seconds to 24 hours", input: { deadlineMs: 9_999 } },
  ])("refuses with the reason: $message", async ({ input, message }) => {
    const text = `refused ${message}`;
    const before = Date.now();
    await expect(submit(text, input)).rejects.toThrow(message);
    const { sample } = await submit(text, { engines: [] });
    expect(sample.firstSeen.getTime()).toBeGreaterThanOrEqual(before);
  });

  it("shows a name without control characters", async () => {
    const { scanId } = await submit("named", { name: "a\u0000b\u001b[31m.exe", engines: [] });
    expect((await report(scanId)).name).toBe("a\ufffdb\ufffd[31m.exe");
  });
});

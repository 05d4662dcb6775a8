import { beforeAll, describe, expect, it } from "vitest";
import { readQueues } from "../../../gateway/scan/queues.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data, graphql } from "../http/http-client.js";
import { base64, countOf, sha256, shown, submit } from "./submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [
  engine("Alpha", { slots: 3 }),
  engine("Beta", { speed: "SLOW" }),
  engine("Pdf", { accepts: ["application/pdf"] }),
]);

beforeAll(async () => {
  await startPuppet(stage, "online", [engine("Online", { internet: true })], "internet").then((one) => one.close());
});

const label = (key: string, value = "v") => ({ key, value });

describe("submitScan keeps", () => {
  it("labels by key, priority and stopAfter, and leaves engines out", async () => {
    const labels = [label("team", "soc"), label("case/id", "Fall 7 \u{1F600}")];
    const { scan } = await submit(gateway.url, {
      base64: base64("options"),
      labels,
      priority: "BULK",
      stopAfter: 2,
      excludeEngines: ["BETA"],
    });
    expect(scan).toMatchObject({
      labels: [label("case/id", "Fall 7 \u{1F600}"), label("team", "soc")],
      priority: "BULK",
      stopAfter: 2,
      previous: null,
      batch: null,
      results: [{ engine: "Alpha" }],
    });
    expect(scan.skipped).toContainEqual({ engine: "Beta", reason: "NOT_SELECTED" });
  });

  it("who submitted it in the audit", async () => {
    const { scan } = await submit(gateway.url, { base64: base64("audited"), name: "audited.exe" });
    const rows = await stage.db.selectFrom("audit_events").selectAll().where("subject", "=", String(scan.scanId)).execute();
    expect(rows).toMatchObject([{ action: "submitScan", key_id: null, address: "127.0.0.1", details: { name: "audited.exe" } }]);
  });

  it("which scan it repeats", async () => {
    const first = await submit(gateway.url, { base64: base64("repeated") });
    const second = await submit(gateway.url, { base64: base64("repeated") });
    await stage.db.updateTable("scans").set({ previous: first.scan.scanId }).where("id", "=", second.scan.scanId).execute();
    expect(await shown(gateway.url, second.scan.scanId)).toMatchObject({ previous: { scanId: first.scan.scanId } });
    await stage.db.deleteFrom("scans").where("id", "=", first.scan.scanId).execute();
    expect(await shown(gateway.url, second.scan.scanId)).toMatchObject({ previous: null });
  });

  it.each([
    ["too many labels", { labels: Array.from({ length: 33 }, (_, i) => label(`k${i}`)) }, ["labels"]],
    ["an empty key", { labels: [label("a"), label("")] }, ["labels", "1", "key"]],
    ["a key of other characters", { labels: [label("a b")] }, ["labels", "0", "key"]],
    ["too long a key", { labels: [label("k".repeat(65))] }, ["labels", "0", "key"]],
    ["a key that is there twice", { labels: [label("a"), label("b"), label("a")] }, ["labels", "2", "key"]],
    ["too long a value", { labels: [label("a", "v".repeat(257))] }, ["labels", "0", "value"]],
    ["stopping after no detection", { stopAfter: 0 }, ["stopAfter"]],
    ["stopping after too many", { stopAfter: 101 }, ["stopAfter"]],
    ["no freshness at all", { freshness: 0 }, ["freshness"]],
    ["too long a freshness", { freshness: 2_592_001 }, ["freshness"]],
    ["an unknown engine to leave out", { excludeEngines: ["Nobody"] }, ["excludeEngines"]],
    ["an engine to ask and to leave out", { engines: ["Alpha", "Beta"], excludeEngines: ["beta"] }, ["excludeEngines"]],
  ])("nothing with %s", async (_what, options, path) => {
    const before = [await countOf(stage, "scans"), await countOf(stage, "samples")];
    expect(await submit(gateway.url, { base64: base64("refused"), ...options })).toMatchObject({
      code: "BAD_INPUT",
      path: ["input", ...path],
    });
    expect([await countOf(stage, "scans"), await countOf(stage, "samples")]).toEqual(before);
  });
});

describe("planScan", () => {
  const PLAN = `query Plan($input: PlanScanInput!) {
    planScan(input: $input) {
      acceptable estimatedWaitMs skipped { engine reason }
      engines { engine { name } agents slots reusedFrom estimatedWaitMs }
    }
  }`;
  const plan = async (input: object) =>
    (await data<{ planScan: { engines: { engine: { name: string } }[]; skipped: object[] } }>(gateway.url, PLAN, { input }))
      .planScan;

  it("says who would take part and why the others would not, exactly as a submission does", async () => {
    const choice = { speed: "FAST", excludeEngines: ["pdf"] };
    const planned = await plan(choice);
    const { scan } = await submit(gateway.url, { base64: base64("planned"), ...choice });
    expect(planned.engines.map(({ engine: { name } }) => name)).toEqual(scan.results.map((result) => result.engine));
    expect(planned.skipped).toEqual(scan.skipped);
    expect(planned.skipped).toEqual([
      { engine: "Beta", reason: "TOO_SLOW" },
      { engine: "Online", reason: "INTERNET_FORBIDDEN" },
      { engine: "Pdf", reason: "NOT_SELECTED" },
    ]);
  });

  it("judges by the sample's type, or by the one that is given", async () => {
    await submit(gateway.url, { base64: base64("plain text") });
    expect((await plan({ sha256: sha256("plain text") })).skipped).toContainEqual({ engine: "Pdf", reason: "UNSUPPORTED_TYPE" });
    expect((await plan({})).skipped).toContainEqual({ engine: "Pdf", reason: "UNSUPPORTED_TYPE" });
    expect((await plan({ mime: "application/pdf" })).engines).toMatchObject([
      { engine: { name: "Alpha" } },
      {},
      { engine: { name: "Pdf" } },
    ]);
  });

  it("counts agents and slots, and knows no wait before anything was measured", async () => {
    await submit(gateway.url, { base64: base64("waiting"), engines: ["Alpha"] });
    await until("it waits", async () => (await gateway.context.bus.account("isolated").durableState("Alpha"))?.pending);
    expect(await plan({ engines: ["Alpha"] })).toMatchObject({
      acceptable: true,
      estimatedWaitMs: null,
      engines: [{ agents: 1, slots: 3, estimatedWaitMs: null }],
    });
  });

  it("estimates the wait by what waits, what scans took and the slots", async () => {
    const { scan } = await submit(gateway.url, { base64: base64("measured"), engines: ["Alpha"] });
    await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN", durationMs: 600 });
    const estimate = await until("the statistics know it", async () => {
      const { estimatedWaitMs } = (await plan({ engines: ["Alpha"] })) as unknown as { estimatedWaitMs: number | null };
      return estimatedWaitMs;
    });
    const waiting = (await readQueues(gateway.context)).find(({ engine }) => engine.name === "Alpha")?.waiting;
    expect(waiting).toBeGreaterThan(0);
    expect(estimate).toBeCloseTo((Number(waiting) / 3) * 600);
  });

  it("tells which results would be taken over", async () => {
    const { scan } = await submit(gateway.url, { base64: base64("known"), engines: ["Alpha"] });
    await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
    await until("it is final", async () => (await shown(gateway.url, scan.scanId)).endDate);
    expect((await plan({ sha256: sha256("known"), freshness: 60 })).engines).toMatchObject([
      { engine: { name: "Alpha" }, reusedFrom: scan.scanId, estimatedWaitMs: 0 },
      { engine: { name: "Beta" }, reusedFrom: null },
    ]);
  });

  it("says when a request would be refused because agents are missing", async () => {
    expect(await plan({ engines: ["Online"], internet: true })).toMatchObject({
      acceptable: true,
      engines: [{ engine: { name: "Online" }, estimatedWaitMs: 0 }],
    });
    await stage.db.updateTable("engines").set({ unhealthy: "for a test" }).where("name", "=", "Alpha").execute();
    expect(await plan({ engines: ["Alpha"] })).toMatchObject({ acceptable: false, engines: [] });
    await stage.db.updateTable("engines").set({ unhealthy: null }).execute();
  });

  it.each([
    ["an unknown engine", { engines: ["Nobody"] }, "BAD_INPUT"],
    ["an unknown sample", { sha256: sha256("never seen") }, "NOT_FOUND"],
    ["what is not a sha256", { sha256: "abc" }, "BAD_INPUT"],
    ["a type beside the sample", { sha256: sha256("planned"), mime: "text/plain" }, "BAD_INPUT"],
    ["a type that is none", { mime: "pdf" }, "BAD_INPUT"],
    ["a family of types", { mime: "image/*" }, "BAD_INPUT"],
    ["a freshness that makes no sense", { freshness: -1 }, "BAD_INPUT"],
  ])("refuses %s", async (_what, input, code) => {
    const { errors } = await graphql(gateway.url, PLAN, { input });
    expect(errors).toMatchObject([{ extensions: { code } }]);
  });
});

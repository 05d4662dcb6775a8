import { sql } from "kysely";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, countOf, shown, submit, type ShownScan } from "./submitting.js";

let test = 0;
let text: string;

const FRESH = 3_600;
const NOW = "a".repeat(64);
const LATER = "b".repeat(64);
const ENGINES = [
  engine("Alpha", { fingerprint: NOW }),
  engine("Beta", { fingerprint: NOW }),
  engine("Meta", { type: "METADATA", fingerprint: NOW }),
];

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", ENGINES);

beforeEach(async () => {
  test += 1;
  text = `sample of test ${test}`;
  await announced(NOW, NOW, NOW);
});

/** Announces what the engines use, and waits until the gateway has heard it. */
async function announced(...fingerprints: (string | undefined)[]): Promise<void> {
  await agent.announce(fingerprints.map((fingerprint) => ({ fingerprint })));
  await until("the gateway has heard it", () => {
    const engines = gateway.context.fleet.agents().flatMap((one) => one.engines);
    return JSON.stringify(engines.map((one) => one.fingerprint)) === JSON.stringify(fingerprints);
  });
}

const send = (options: object = {}) => submit(gateway.url, { base64: base64(text), ...options });
const resultsOf = ({ results }: ShownScan) => Object.fromEntries(results.map((one) => [one.engine, one]));

/** Scans the sample and lets every engine answer. */
async function scanned(answers: Record<string, object> = {}): Promise<ShownScan> {
  const { scan } = await send();
  for (const { name, type, fingerprint } of ENGINES) {
    const verdict = type === "AV" ? "CLEAN" : null;
    await agent.answer(name, { scan: scan.scanId, verdict, fingerprint, details: { of: name }, ...answers[name] });
  }
  return final(scan.scanId);
}

const final = (id: number) =>
  until("the scan is final", async () => {
    const scan = await shown(gateway.url, id);
    return scan.endDate ? scan : undefined;
  });

describe("a known sample within its freshness", () => {
  it("runs no engine: the scan is final at once with copies of what was said", async () => {
    const first = await scanned({ Beta: { verdict: "INFECTED", signature: "Bad" } });
    const requests = await countOf(stage, "outbox");
    const { scan } = await send({ freshness: FRESH });
    expect(scan).toMatchObject({ verdict: "INFECTED", done: 3, total: 3, detections: 1 });
    expect(scan.endDate).not.toBeNull();
    const copies = first.results.map((result) => ({ ...result, reusedFrom: first.scanId }));
    expect(scan.results).toEqual(copies);
    expect(await countOf(stage, "outbox")).toBe(requests);
  });

  it("is not refused while engines are busy, unless one of them is asked again", async () => {
    const strict = await stage.gateway({ SCANMESH_MAX_WAIT: "1s" });
    // What was announced before may have expired while it started.
    await announced(NOW, NOW, NOW);
    const { fleet } = strict.context;
    const hears = (fingerprint: string) =>
      until(`the other gateway has heard ${fingerprint}`, () => {
        const engines = fleet.agents().flatMap((one) => one.engines);
        return engines.length > 0 && engines.every((one) => one.fingerprint === fingerprint);
      });
    vi.spyOn(strict.context, "waits").mockResolvedValue(new Map([["Alpha", 60_000]]));
    try {
      await scanned();
      await hears(NOW);
      const ask = (options: object) => submit(strict.url, { base64: base64(text), ...options });
      const refused = { message: expect.stringContaining("Alpha would start in about 60 s") as string };
      const before = await countOf(stage, "scans");
      expect(await ask({})).toMatchObject(refused);
      expect((await ask({ freshness: FRESH })).scan).toMatchObject({ verdict: "CLEAN", done: 3 });
      await announced(LATER, LATER, LATER);
      await hears(LATER);
      expect(await ask({ freshness: FRESH })).toMatchObject(refused);
      expect(await countOf(stage, "scans")).toBe(before + 1);
    } finally {
      await strict.stop();
    }
  });

  it("is clean again if every antivirus engine said so, and a copy of a copy names the scan that ran", async () => {
    const first = await scanned();
    const second = await send({ freshness: FRESH });
    expect(second.scan).toMatchObject({ verdict: "CLEAN" });
    const third = await send({ freshness: FRESH });
    expect(third.scan).toMatchObject({ verdict: "CLEAN", done: 3 });
    expect(third.scan.results.map(({ reusedFrom }) => reusedFrom)).toEqual([first.scanId, first.scanId, first.scanId]);
  });

  it("runs those engines of which nothing is there, and waits for them", async () => {
    const first = await send();
    await agent.answer("Alpha", { scan: first.scan.scanId, verdict: "CLEAN", fingerprint: NOW });
    await agent.answer("Beta", { scan: first.scan.scanId, state: "FAILED", fingerprint: NOW });
    await until("both are recorded", async () => (await shown(gateway.url, first.scan.scanId)).done === 2);
    const { scan } = await send({ freshness: FRESH });
    expect(scan).toMatchObject({ verdict: null, endDate: null, done: 1, total: 3 });
    expect(resultsOf(scan)).toMatchObject({
      Alpha: { state: "DONE", reusedFrom: first.scan.scanId },
      Beta: { state: "QUEUED", reusedFrom: null },
      Meta: { state: "QUEUED", reusedFrom: null },
    });
    const { request, ack } = await agent.take("Beta", { scan: scan.scanId });
    expect(request.engines).toEqual(["Beta", "Meta"]);
    ack();
    await agent.answer("Beta", { scan: scan.scanId, verdict: "CLEAN", fingerprint: NOW });
    await agent.answer("Meta", { scan: scan.scanId });
    expect(await final(scan.scanId)).toMatchObject({ verdict: "CLEAN", done: 3 });
  });

  it("runs the engine again that uses something else by now, though its versions read the same", async () => {
    await scanned();
    await announced(LATER, NOW, NOW);
    const { scan } = await send({ freshness: FRESH });
    expect(resultsOf(scan)).toMatchObject({ Alpha: { state: "QUEUED" }, Beta: { state: "DONE" }, Meta: { state: "DONE" } });
    await announced(NOW, NOW, NOW);
    expect((await send({ freshness: FRESH })).scan).toMatchObject({ done: 3 });
  });

  it("runs an engine again if nobody knows what it uses now, or what it used then", async () => {
    await scanned({ Beta: { fingerprint: undefined } });
    await announced(undefined, NOW, NOW);
    const { scan } = await send({ freshness: FRESH });
    expect(resultsOf(scan)).toMatchObject({ Alpha: { state: "QUEUED" }, Beta: { state: "QUEUED" }, Meta: { state: "DONE" } });
  });

  it("runs an engine again that is unhealthy where the same is used", async () => {
    await scanned();
    await agent.announce([{ healthy: false, reason: "broken", cause: "FAULT" }]);
    await until("the gateway has heard it", () =>
      gateway.context.fleet.agents().some(({ engines }) => engines.some(({ healthy }) => !healthy)),
    );
    const { scan } = await send({ freshness: FRESH });
    expect(resultsOf(scan)).toMatchObject({ Alpha: { state: "QUEUED" }, Beta: { state: "DONE" } });
  });

  it("runs everything again when it is older, by when it was said and not by when it was copied", async () => {
    const first = await scanned();
    await stage.db
      .updateTable("results")
      .set({ ended_at: sql<Date>`now() - interval '2 hours'` })
      .where("scan_id", "=", first.scanId)
      .execute();
    expect((await send({ freshness: FRESH })).scan).toMatchObject({ done: 0, endDate: null });
    expect((await send({ freshness: 3 * FRESH })).scan).toMatchObject({ done: 3 });
    expect((await send({ freshness: FRESH })).scan).toMatchObject({ done: 0 });
  });

  it("runs every engine unless it is asked to take over", async () => {
    await scanned();
    expect((await send()).scan).toMatchObject({ done: 0, endDate: null });
  });

  it("takes over only what the request lets in", async () => {
    await scanned();
    const { scan } = await send({ freshness: FRESH, excludeEngines: ["beta"] });
    expect(scan).toMatchObject({ total: 2, done: 2, verdict: "CLEAN", skipped: [{ engine: "Beta", reason: "NOT_SELECTED" }] });
  });

  it("is a scan in the statistics, and no run of its engines", async () => {
    const totals = async () => {
      const { rows } = await sql<{ scans: number; runs: number }>`
        select (select coalesce(sum(clean + infected + suspicious + inconclusive), 0)::bigint from hourly_scans) as scans,
          (select coalesce(sum(clean + infected + silent), 0)::bigint from hourly_engines) as runs`.execute(stage.db);
      return rows[0] ?? { scans: 0, runs: 0 };
    };
    const finals = async () =>
      (await stage.db.selectFrom("scans").select("id").where("end_date", "is not", null).execute()).length;
    const settled = () => until("all are counted", async () => (await totals()).scans === (await finals()));
    await scanned();
    await settled();
    const before = await totals();
    await send({ freshness: FRESH });
    await settled();
    expect(await totals()).toEqual({ scans: before.scans + 1, runs: before.runs });
  });

  it("asks nobody else once the copies hold enough detections", async () => {
    const first = await send({ engines: ["Alpha"] });
    await agent.answer("Alpha", { scan: first.scan.scanId, verdict: "INFECTED", signature: "Bad", fingerprint: NOW });
    await final(first.scan.scanId);
    const { scan } = await send({ freshness: FRESH, stopAfter: 1 });
    expect(scan).toMatchObject({ verdict: "INFECTED", done: 3, total: 3, detections: 1, stopAfter: 1 });
    expect(resultsOf(scan)).toMatchObject({
      Alpha: { state: "DONE" },
      Beta: { state: "CANCELLED" },
      Meta: { state: "CANCELLED" },
    });
    const unsaid = await send({ freshness: FRESH, stopAfter: 2 });
    expect(unsaid.scan).toMatchObject({ verdict: "INFECTED", done: 1, endDate: null });
  });
});

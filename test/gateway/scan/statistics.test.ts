import { beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { trimRollup } from "../../../gateway/db/rollup.js";
import { quantile, statisticsRange } from "../../../gateway/scan/statistics.js";
import type { ResultMessage } from "../../../schema/messages.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data, graphql } from "../http/http-client.js";

type Answers = Record<string, Partial<ResultMessage>>;

/** A scan that two engines answer so. */
async function scan(text: string, answers: Answers): Promise<number> {
  const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
    gateway.url,
    `mutation($base64: String!) { submitScan(input: { base64: $base64 }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    { base64: Buffer.from(text).toString("base64") },
  );
  const { scanId } = submitScan.scan;
  for (const [name, answer] of Object.entries(answers)) {
    const { ack } = await agent.take(name, { scan: scanId });
    await agent.answer(name, { scan: scanId, ...answer });
    ack();
  }
  return scanId;
}

const CASES: Answers[] = [
  {
    Alpha: { verdict: "INFECTED", signature: "Eicar", durationMs: 10 },
    Beta: { verdict: "INFECTED", signature: "EICAR-Test", durationMs: 100 },
  },
  { Alpha: { verdict: "INFECTED", signature: "Eicar", durationMs: 20 }, Beta: { verdict: "CLEAN", durationMs: 100 } },
  { Alpha: { verdict: "CLEAN", durationMs: 40 }, Beta: { verdict: "CLEAN", durationMs: 100 } },
  { Alpha: { verdict: "CLEAN", durationMs: 80 }, Beta: { state: "FAILED" } },
  { Alpha: { verdict: "SUSPICIOUS", signature: "Odd", durationMs: 80 }, Beta: { state: "UNSCANNED" } },
];

const QUERY = `query($from: DateTimeISO, $to: DateTimeISO, $interval: StatisticsInterval!) {
  stats(from: $from, to: $to, interval: $interval) {
    from to interval
    points { start scans bytes verdicts { inconclusive clean suspicious infected } }
    waits { p50Ms p95Ms }
    engines { engine results detections detectionRate errors errorRate agreement durations { p50Ms p95Ms } points { start results detections detectionRate errors errorRate durations { p50Ms p95Ms } } signatureDate signatureAgeSeconds }
    topSignatures(first: 2) { engine signature results }
    topTypes { mime scans detected } } }`;

interface Stats {
  readonly points: { start: string; scans: number; bytes: number; verdicts: Record<string, number> }[];
  readonly waits: { p50Ms: number; p95Ms: number };
  readonly engines: Record<string, unknown>[];
  readonly topSignatures: unknown[];
  readonly topTypes: unknown[];
}

const stats = async (variables: object = { interval: "HOUR" }) =>
  (await data<{ stats: Stats }>(gateway.url, QUERY, variables)).stats;
/** Without what depends on the clock. */
const lasting = (engine: Record<string, unknown>) => ({ ...engine, signatureAgeSeconds: null });
const counted = (points: Stats["points"]) => points.reduce((sum, { scans }) => sum + scans, 0);

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);

beforeAll(async () => {
  for (const [i, answers] of CASES.entries()) await scan(`sample ${i}`, answers);
});

describe("statistics", () => {
  it("count every final scan once, by hour, verdict, engine, signature and type", async () => {
    await until("all scans are counted", async () => counted((await stats()).points) === CASES.length);
    // Once more, since the fields of one answer are read at the same time, perhaps on both sides of a commit.
    const { points, engines, topSignatures, topTypes, waits } = await stats();
    const verdicts = points.map((point) => point.verdicts);
    const sum = (key: string) => verdicts.reduce((all, one) => all + (one[key] ?? 0), 0);
    expect([sum("infected"), sum("suspicious"), sum("clean"), sum("inconclusive")]).toEqual([2, 1, 1, 1]);
    expect(points.reduce((all, { bytes }) => all + bytes, 0)).toBe(CASES.length * "sample 0".length);
    expect(engines).toMatchObject([
      { engine: "Alpha", results: 5, detections: 3, detectionRate: 0.6, errors: 0, errorRate: 0, agreement: 1 },
      { engine: "Beta", results: 5, detections: 1, detectionRate: 1 / 3, errors: 2, errorRate: 0.4, agreement: 2 / 3 },
    ]);
    expect(engines[1]?.durations).toMatchObject({ p95Ms: expect.closeTo(100, -1.6) });
    const betaPoints = (engines[1]?.["points"] ?? []) as Record<string, unknown>[];
    expect(betaPoints.map(({ start }) => start)).toEqual(points.map(({ start }) => start));
    const total = (key: string) => betaPoints.reduce((all, point) => all + Number(point[key]), 0);
    expect([total("results"), total("detections"), total("errors")]).toEqual([5, 1, 2]);
    expect(betaPoints.find(({ results }) => results === 0)).toMatchObject({ errorRate: null, durations: { p50Ms: null } });
    expect(betaPoints.some(({ durations }) => (durations as { p95Ms: number | null }).p95Ms !== null)).toBe(true);
    expect(topSignatures).toEqual([
      { engine: "Alpha", signature: "Eicar", results: 2 },
      { engine: "Beta", signature: "EICAR-Test", results: 1 },
    ]);
    expect(topTypes).toEqual([{ mime: "text/plain", scans: 5, detected: 3 }]);
    expect(waits.p50Ms).toBeGreaterThan(0);
    expect(waits.p95Ms).toBeGreaterThanOrEqual(waits.p50Ms);
  });

  it("are told without reading results", async () => {
    await until("all scans are counted", async () => counted((await stats()).points) === CASES.length);
    const before = await stats();
    await sql`alter table results rename to hidden_results`.execute(stage.db);
    expect((await stats()).engines.map(lasting)).toEqual(before.engines.map(lasting));
    await sql`alter table hidden_results rename to results`.execute(stage.db);
  });

  it("count a scan once, whichever of two gateways is at it", async () => {
    const other = await stage.gateway();
    const ids = await Promise.all(Array.from({ length: 8 }, (_, i) => scan(`again ${i}`, {})));
    for (const name of ["Alpha", "Beta"]) {
      for (const scanId of ids) await agent.answer(name, { scan: scanId, verdict: "CLEAN" });
    }
    await until("they are counted", async () => counted((await stats()).points) >= CASES.length + ids.length);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(counted((await stats()).points)).toBe(CASES.length + ids.length);
    await other.stop();
  });

  it("wait for transactions that are still open, whose scans have an earlier end than can be seen yet", async () => {
    const before = counted((await stats()).points);
    const total = async () => counted((await stats()).points);
    const scanId = await scan("held back", {});
    const later = await scan("overtakes", {});
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = stage.db.transaction().execute(async (tx) => {
      await sql`update results set state = 'DONE', verdict = 'CLEAN' where scan_id = ${scanId}`.execute(tx);
      await sql`update scans set done = total, end_date = now(), verdict = 'CLEAN' where id = ${scanId}`.execute(tx);
      await released;
    });
    for (const name of ["Alpha", "Beta"]) await agent.answer(name, { scan: later, verdict: "CLEAN" });
    await until(
      "the other is final",
      async () => (await stage.db.selectFrom("scans").select("end_date").where("id", "=", later).executeTakeFirst())?.end_date,
    );
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    release();
    await slow;
    expect(await until("both are counted", async () => ((await total()) === before + 2 ? total() : undefined))).toBe(before + 2);
  });

  it("have a point for every interval, by hour and by day", async () => {
    const day = await stats({ interval: "DAY", from: "2026-01-01T10:00:00Z", to: "2026-01-03T00:00:01Z" });
    expect(day.points.map(({ start }) => start.slice(0, 10))).toEqual(["2026-01-01", "2026-01-02", "2026-01-03"]);
    const hours = await stats({ interval: "HOUR", from: "2026-01-01T10:59:00Z", to: "2026-01-01T13:00:00Z" });
    expect(hours.points.map(({ start }) => start.slice(11, 13))).toEqual(["10", "11", "12"]);
    expect(hours.engines).toEqual([]);
    expect(hours.waits).toEqual({ p50Ms: null, p95Ms: null });
  });

  it.each([
    [{ interval: "HOUR", from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }, "from: must be before to"],
    [
      { interval: "HOUR", from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" },
      "from: there are 8760 intervals until to, and 1000 is the most; ask by DAY",
    ],
    [
      { interval: "DAY", from: "1990-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" },
      "from: there are 13149 intervals until to, and 1000 is the most",
    ],
  ])("refuse %j", async (variables, message) => {
    const { errors } = await graphql(gateway.url, QUERY, variables);
    expect(errors?.[0]).toMatchObject({ extensions: { code: "BAD_INPUT" }, message: expect.stringContaining(message) });
  });

  it("keep of an hour that is over its most frequent signatures, and forget hours after two years", async () => {
    await sql`insert into hourly_signatures (hour, engine_id, signature, results)
      select date_trunc('hour', now() - interval '5 hours'), engines.id, 'sig-' || n, n from engines, generate_series(1, 150) n
      where name = 'Alpha'`.execute(stage.db);
    await sql`insert into hourly_scans (hour, clean) values (now() - interval '3 years', 1)`.execute(stage.db);
    await trimRollup(stage.db);
    const { rows } = await sql<{ least: number; count: number }>`
      select min(results) as least, count(*)::int as count from hourly_signatures where signature like 'sig-%'`.execute(stage.db);
    expect(rows).toEqual([{ least: 51, count: 100 }]);
    expect(
      await stage.db
        .selectFrom("hourly_scans")
        .where("hour", "<", sql<Date>`now() - interval '2 years'`)
        .selectAll()
        .execute(),
    ).toEqual([]);
  });

  it("read quantiles to within a fifth", () => {
    const bucket = (ms: number) => Math.ceil(4 * Math.log2(Math.max(ms, 1)));
    const durations = Array.from({ length: 10_000 }, (_, i) => 1 + ((i * 7919) % 5_000));
    const counts = new Map<number, number>();
    for (const ms of durations) counts.set(bucket(ms), (counts.get(bucket(ms)) ?? 0) + 1);
    const buckets = [...counts].map(([one, count]) => ({ bucket: one, count })).toSorted((a, b) => a.bucket - b.bucket);
    const sorted = durations.toSorted((a, b) => a - b);
    for (const share of [0.05, 0.5, 0.95, 0.99]) {
      const exact = sorted[Math.floor(share * sorted.length)] ?? 0;
      expect(Math.abs((quantile(buckets, share) ?? 0) - exact) / exact).toBeLessThan(0.19);
    }
    expect(quantile([], 0.5)).toBeNull();
    expect(statisticsRange("HOUR", undefined, new Date("2026-01-02T00:30:00Z")).from.toISOString()).toBe(
      "2026-01-01T01:00:00.000Z",
    );
  });
});

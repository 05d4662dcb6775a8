import { sql } from "kysely";
import { expect, it } from "vitest";
import { readCanarySamples, type ShownAnswers } from "../../../gateway/db/answer-numbers.js";
import { judgeCanary } from "../../../gateway/updates/judge-canary.js";
import { skipCanary } from "../../../gateway/updates/steer-updates.js";
import { db, last, mesh, names, served, start, TESTER, useUpdates } from "./update-stage.js";

useUpdates();

const usual = { answers: 10_000, failures: 100, detections: 500, p95Ms: 200 };
const now = { answers: 100, failures: 1, detections: 5, p95Ms: 250 };

it.each([
  ["does as usual", {}, undefined],
  ["fails more often", { failures: 12 }, "FAILURES"],
  ["fails at each of its first answers", { answers: 3, failures: 3, detections: 0 }, "FAILURES"],
  ["fails twice, which may be chance", { answers: 2, failures: 2, detections: 0 }, undefined],
  ["takes three times as long and a second more", { p95Ms: 1_500 }, "SLOWER"],
  ["takes three times as long, which is nothing yet", { p95Ms: 600 }, undefined],
  ["finds something in every second sample", { detections: 50 }, "MORE_DETECTIONS"],
  ["finds a little more, which may be chance", { detections: 15 }, undefined],
  ["finds much more in too few samples to tell", { answers: 40, detections: 30 }, undefined],
])("a new version that %s", (_, change, jump) => {
  expect(judgeCanary({ ...now, ...change }, usual)?.jump).toBe(jump);
});

it("a version that finds hardly anything where the engine usually finds much is held", () => {
  expect(judgeCanary({ ...now, detections: 0 }, { ...usual, detections: 4_000 })).toEqual({
    jump: "FEWER_DETECTIONS",
    sentence: "it finds something in 0.0 % of the samples, usually in 40 %",
  });
});

it("an engine without a week to compare with is asked no more than to answer", () => {
  const unknown = { answers: 10, failures: 0, detections: 0, p95Ms: null };
  expect(judgeCanary({ ...now, detections: 90, p95Ms: 60_000 }, unknown)).toBeUndefined();
  expect(judgeCanary({ ...now, failures: 30 }, unknown)?.jump).toBe("FAILURES");
});

/** So many scans in which the canary finds something. */
async function find(count: number): Promise<void> {
  const { canary } = await last();
  await sql`
    with sample as (
      insert into samples (sha256, md5, sha1, size, mime)
      select rpad(hash, 64, hash), hash, rpad(hash, 40, hash), 1, 'text/plain'
      from generate_series(1, ${count}::integer) as n cross join md5(${mesh.engine} || n) as hash
      returning id
    ), scan as (
      insert into scans (sample_id, name, speed, internet, deadline, total, done, skipped, end_date, verdict)
      select id, 'a', 'FAST', false, now(), 1, 1, '[]', now(), 'INFECTED' from sample returning id
    )
    insert into results (scan_id, engine_id, agent, state, verdict, ended_at, duration_ms)
    select id, ${mesh.engineId}, ${canary}, 'DONE', 'INFECTED', now(), 5 from scan`.execute(db);
}

it("a canary that finds far more than usual holds the update with its samples, until somebody lets it go on", async () => {
  const digest = await served(3);
  await sql`insert into hourly_engines (hour, engine_id, clean)
    values (date_trunc('hour', now()) - interval '1 day', ${mesh.engineId}, 1000)`.execute(db);
  const next = await mesh.publish();
  await start();
  await mesh.sweep(6);
  await find(60);
  await mesh.sweep(4);
  const held = await last();
  expect(held).toMatchObject({
    state: "HELD",
    reason: `On ${mesh.host("h1").agent} it finds something in 100 % of the samples, usually in 0.0 %.`,
    evidence: { jump: "MORE_DETECTIONS", now: { answers: 60, detections: 60 }, usual: { answers: 1000 } },
  });
  expect(held.evidence?.["samples"]).toHaveLength(20);
  const { engineId, canary, canarySince, canaryScan } = held;
  const answers = { engineId, agent: canary ?? "", since: canarySince ?? new Date(), afterScan: canaryScan ?? 0 };
  const shown = (which: ShownAnswers) => db.transaction().execute((tx) => readCanarySamples(tx, answers, which));
  expect((await Promise.all((["FAILURES", "MISSES", "SLOWEST"] as const).map(shown))).map(({ length }) => length)).toEqual([
    0, 0, 20,
  ]);
  expect(names(3).map(mesh.served)).toEqual([next, digest, digest]);
  await skipCanary(mesh.context, TESTER, held.id);
  await mesh.sweep(8);
  expect((await last()).state).toBe("DONE");
  expect(names(3).map(mesh.served)).toEqual([next, next, next]);
});

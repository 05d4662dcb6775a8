import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../gateway/db/database.js";
import { openTestDatabase } from "../stage/database.js";
import { fill } from "./fill.js";
import { ENGINES, samplesOf, type History } from "./history.js";
import type { Progress } from "./progress.js";

const HISTORY: History = { scans: 2_000, seed: 7, newest: new Date("2026-05-04T03:02:01Z") };
const silent: Progress = { line: () => undefined, measure: (_label, work) => work(() => undefined) };

let db: Database;
let url: string;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, url, close } = await openTestDatabase());
  await fill(url, HISTORY, silent);
});

afterAll(() => close());

async function numberOf(query: ReturnType<typeof sql<{ n: number }>>): Promise<number | undefined> {
  return (await query.execute(db)).rows[0]?.n;
}

it("makes every scan with a result of every engine, and samples that are scanned again", async () => {
  expect(await numberOf(sql`select count(*) as n from scans`)).toBe(HISTORY.scans);
  expect(await numberOf(sql`select count(*) as n from results`)).toBe(HISTORY.scans * ENGINES.length);
  expect(await numberOf(sql`select count(distinct sample_id) as n from scans`)).toBe(samplesOf(HISTORY));
});

it("keeps counters and verdicts as the mesh would", async () => {
  const wrong = sql<{ n: number }>`
    select count(*) as n from scans, lateral (
      select count(*) as total, count(*) filter (where results.verdict >= 'SUSPICIOUS') as detections,
        count(*) filter (where type = 'AV' and results.verdict = 'CLEAN') as av_clean, max(results.verdict) as worst
      from results join engines on engines.id = engine_id where scan_id = scans.id) as counted
    where scans.total <> counted.total or scans.done <> counted.total or scans.detections <> counted.detections
      or scans.av_clean <> counted.av_clean or scans.verdict <> case
        when counted.worst >= 'SUSPICIOUS' then counted.worst
        when counted.av_clean = scans.av_total then 'CLEAN'::verdict else 'INCONCLUSIVE'::verdict end`;
  expect(await numberOf(wrong)).toBe(0);
  expect(await numberOf(sql`select count(distinct verdict) as n from scans`)).toBe(4);
});

it("first saw a sample when it was first scanned", async () => {
  const wrong = sql<{ n: number }>`
    select count(*) as n from samples where first_seen <> (select min(start_date) from scans where sample_id = samples.id)`;
  expect(await numberOf(wrong)).toBe(0);
});

it("leaves all keys and indexes in place, and takes new scans", async () => {
  expect(
    await numberOf(sql`select count(*) as n from pg_constraint where conrelid = 'results'::regclass and contype in ('p', 'f')`),
  ).toBe(3);
  expect(await numberOf(sql`select nextval(pg_get_serial_sequence('scans', 'id')) as n`)).toBe(HISTORY.scans + 1);
});

it("refuses a database that is not empty", async () => {
  await expect(fill(url, HISTORY, silent)).rejects.toThrow("not empty");
});

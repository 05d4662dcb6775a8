/** A page of a filtered list reads about as much as it shows, wherever it begins, and also if there is nothing to show. */

import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../../gateway/db/database.js";
import { insertEngines } from "../../../gateway/db/engines.js";
import { countScans, listScans, type ResultCriteria, type ScanCriteria } from "../../../gateway/db/scan-list.js";
import { startIndexBuilds } from "../../../gateway/background/index-builds.js";
import { buildIndex, findMissing, readListIndexes } from "../../../gateway/db/indexes.js";
import { openTestDatabase } from "../../stage/database.js";
import { testLog } from "../../stage/log.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { openExplained, type ExplainedDatabase } from "./explained.js";

const SCANS = 20_000;
const PAGE = 51;
/** Each row counts in every node of a plan that it goes through. */
const MOST_ROWS = SCANS / 10;

/** Engines by what is special in what they say. */
const [LAX, SHARP, QUIET] = [1, 2, 3];

let url: string;
let db: Database;
let close: () => Promise<void>;
let explained: ExplainedDatabase;

/**
 * Scans of the last weeks, one a minute. Every 50th is a detection of Sharp's: Lax misses every tenth of them, and Quiet states no
 * verdicts. A tenth of Sharp's results took 12 seconds and ten of them a minute; all of Quiet's took 15 seconds.
 */
beforeAll(async () => {
  ({ url, db, close } = await openTestDatabase());
  await insertEngines(db, [engine("Lax"), engine("Sharp"), engine("Quiet")]);
  await sql`insert into samples (sha256, md5, sha1, size, mime)
    values (${"a".repeat(64)}, ${"b".repeat(32)}, ${"c".repeat(40)}, 1, 'x/y')`.execute(db);
  await sql`insert into scans (sample_id, name, speed, internet, start_date, end_date, deadline, total, done, skipped, verdict)
    select 1, 'x', 'ALL', true, ended - interval '1 second', ended, ended, 3, 3, '[]',
      (case when n % 50 = 0 then 'INFECTED' else 'CLEAN' end)::verdict
    from generate_series(1, ${SCANS}::int) as n cross join lateral (
      select now() - (${SCANS}::int - n) * interval '1 minute' as ended) as time`.execute(db);
  await sql`insert into results (scan_id, engine_id, state, verdict, signature, duration_ms)
    select n, engine, 'DONE', verdict::verdict, case when verdict = 'INFECTED' then 'Family.' || n / 200 end, ms
    from generate_series(1, ${SCANS}::int) as n cross join lateral (values
      (${LAX}::int, case when n % 50 = 0 and n % 500 <> 0 then 'INFECTED' else 'CLEAN' end, 10),
      (${SHARP}::int, case when n % 50 = 0 then 'INFECTED' else 'CLEAN' end,
        case when n % 2000 = 7 then 60000 when n % 10 = 3 then 12000 else 100 end),
      (${QUIET}::int, null, 15000)) as said (engine, verdict, ms)`.execute(db);
  await sql`analyze`.execute(db);
  explained = openExplained(url, { forLists: true });
});

afterAll(async () => {
  await explained.db.destroy();
  await close();
});

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
const slow = (engineId: number | undefined, slowerThanMs: number, others: ResultCriteria = {}): ScanCriteria => ({
  results: [{ ...others, engineIds: engineId === undefined ? undefined : [engineId], slowerThanMs }],
});
const atOdds = (engineId: number, disagrees = true): ScanCriteria => ({ results: [{ engineIds: [engineId], disagrees }] });

const LISTS: [what: string, criteria: ScanCriteria, count: number][] = [
  ["ended since", { ended: { since: daysAgo(30) } }, 10_000],
  ["ended in a day", { ended: { since: daysAgo(9), until: daysAgo(8) } }, 1_440],
  ["ended, and infected", { ended: { since: daysAgo(14) }, verdicts: ["INFECTED"] }, 400],
  ["a signature", { results: [{ signatureIs: "Family.7" }] }, 4],
  ["a signature that nothing has", { results: [{ signatureIs: "Family.7000" }] }, 0],
  [
    "an engine's signature, in a time",
    { ended: { since: daysAgo(30) }, results: [{ engineIds: [LAX], signatureIs: "Family.9" }] },
    4,
  ],
  ["slower than many", slow(undefined, 10_000), 10_000],
  ["slower than few", slow(undefined, 20_000), 10],
  ["slower than any", slow(undefined, 90_000), 0],
  ["an engine's slow results", slow(SHARP, 10_000), 2_010],
  ["an engine's slowest results", slow(SHARP, 20_000), 10],
  ["slow results of an engine that is never slow", slow(LAX, 10_000), 0],
  ["no results of an engine that is always slow", slow(QUIET, 20_000), 0],
  ["slow results in a time", { ...slow(SHARP, 20_000), ended: { since: daysAgo(30) } }, 10],
  ["slow results that are detections", slow(SHARP, 10_000, { verdicts: ["INFECTED"] }), 0],
  ["a time's slow results below what is noted", { ...slow(SHARP, 1_000), ended: { since: daysAgo(4), until: daysAgo(3) } }, 144],
  ["an engine at odds with the scan", atOdds(LAX), 40],
  ["an engine never at odds with the scan", atOdds(SHARP), 0],
  ["an engine without verdicts", atOdds(QUIET), 0],
  ["an engine at odds in a time", { ...atOdds(LAX), ended: { since: daysAgo(14) } }, 40],
  ["an engine never at odds in a time", { ...atOdds(SHARP), ended: { since: daysAgo(14) } }, 0],
  ["an engine that agrees", atOdds(SHARP, false), 10_000],
];

describe.each(LISTS)("of %s", (_what, criteria, count) => {
  it.each([true, false])("a page, newest first: %s", async (newestFirst) => {
    const pages = await explained.explain(async () => {
      const page = await listScans(explained.db, criteria, { newestFirst, limit: PAGE });
      expect(page.length).toBe(Math.min(count, PAGE));
      const middle = page[Math.floor(page.length / 2)];
      const after = middle && { id: middle.scanId, micros: middle.placeMicros };
      await listScans(explained.db, criteria, { newestFirst, after, limit: PAGE });
    });
    expect(pages).toHaveLength(2);
    expect(pages.filter(({ rows }) => rows > MOST_ROWS)).toEqual([]);
  });

  it("how many there are", async () => {
    expect((await countScans(db, criteria)).count).toBe(count);
  });
});

it("a result that was slow and is answered again is slow no more", async () => {
  const criteria = slow(SHARP, 50_000);
  const ids = async () => (await listScans(db, criteria, { newestFirst: false, limit: PAGE })).map(({ scanId }) => scanId);
  expect(await ids()).toContain(2_007);
  const set = (ms: number | null) =>
    sql`update results set duration_ms = ${ms} where scan_id = 2007 and engine_id = ${SHARP}`.execute(db);
  await set(null);
  expect(await ids()).not.toContain(2_007);
  await set(55_000);
  expect(await ids()).toContain(2_007);
});

it("an index that another gateway has finished meanwhile is not built again", async () => {
  const indexes = await readListIndexes();
  const built = async () => (await sql`select oid, relname from pg_class where relname like 'scans_detected%'`.execute(db)).rows;
  const before = await built();
  for (const index of indexes) expect(await db.connection().execute((connection) => buildIndex(connection, index))).toBe(true);
  expect(await built()).toEqual(before);
});

it("an index that an update has brought is built while scans are written, and anew if that was broken off", async () => {
  const missing = async () => (await findMissing(db, await readListIndexes())).map(({ name }) => name);
  const start = () => startIndexBuilds({ config: { databaseUrl: url }, db, cancelDb: db, log: testLog("index builds") }, 50);
  // Other databases of the server may have builds of their own.
  const building = sql`select from pg_stat_progress_create_index where datname = current_database()`;
  const isBuilding = async () => (await building.execute(db)).rows.length > 0;
  expect(await missing()).toEqual([]);
  await sql`drop index scans_detected`.execute(db);

  await db.transaction().execute(async (tx) => {
    await sql`update scans set name = 'y' where id = 1`.execute(tx);
    const builds = [start(), start()];
    try {
      await until("a build waits for the transaction", isBuilding);
      await db.transaction().execute(async (other) => {
        await sql`set local lock_timeout = '10s'`.execute(other);
        await sql`update scans set name = 'y' where id = 2`.execute(other);
      });
    } finally {
      await Promise.all(builds.map((build) => build.stop()));
    }
  });
  const { rows } = await sql`select from pg_class where relname = 'scans_detected'`.execute(db);
  expect([rows.length, await missing()]).toEqual([1, ["scans_detected"]]);

  const builds = [start(), start()];
  try {
    await until("it is built", async () => (await missing()).length === 0);
  } finally {
    await Promise.all(builds.map((build) => build.stop()));
  }
});

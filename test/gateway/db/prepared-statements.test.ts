/** Prepared statements are planned once, perhaps while the tables were empty, and their plans stay right as the tables grow. */

import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../../gateway/db/database.js";
import { insertEngines, readEngines } from "../../../gateway/db/engines.js";
import { raiseResults, type IncomingResult } from "../../../gateway/db/results.js";
import { findSamples } from "../../../gateway/db/samples.js";
import { readBriefScans, readScan } from "../../../gateway/db/scans.js";
import { createWatchers } from "../../../gateway/watch/watchers.js";
import { openTestDatabase } from "../../stage/database.js";
import { testLog } from "../../stage/log.js";
import { engine } from "../../stage/puppet-agent.js";
import { acceptScan } from "./accepting.js";
import { statementsOf } from "./statements.js";

const SCANS = 20_000;
const RUNS = 30;
let db: Database;
let close: () => Promise<void>;

/** Only the tests say when tables are analyzed: Postgres would do it in the midst of them, and plan anew. */
async function openUnwatched() {
  const opened = await openTestDatabase();
  for (const table of ["samples", "scans", "results", "outbox"])
    await sql`alter table ${sql.table(table)} set (autovacuum_enabled = false)`.execute(opened.db);
  return opened;
}

beforeAll(async () => {
  ({ db, close } = await openUnwatched());
  await insertEngines(db, [engine("Alpha")]);
});

afterAll(() => close());

function done(scanId: number): IncomingResult {
  return {
    scanId,
    engine: "alpha",
    internet: "isolated",
    state: "DONE",
    verdict: "CLEAN",
    signature: null,
    error: null,
    cause: null,
    versions: { engine: null, signatures: null, signatureDate: null },
    image: null,
    agent: "a",
    startedAt: null,
    durationMs: null,
    details: null,
    truncated: false,
  };
}

/** Accepts, records and reads so many scans; on one connection, since each keeps its own. */
async function work(db: Database, from: number): Promise<void> {
  const expected = await readEngines(db);
  for (let scanId = from; scanId < from + RUNS; scanId++) {
    await acceptScan(db, { expected });
    await raiseResults(db, [done(scanId)]);
    await readScan(db, scanId);
  }
}

/** Rows that were read of all tables that grow, by whatever way. */
async function rowsRead(db: Database): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  await sql`select 1`.execute(db);
  const { rows } = await sql<{ read: number }>`
    select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as read from pg_stat_user_tables where relname in ('scans', 'samples', 'results', 'outbox')`.execute(
    db,
  );
  return rows[0]?.read ?? NaN;
}

async function insertSamples(db: Database, from: number, to: number): Promise<void> {
  await sql`insert into samples (sha256, md5, sha1, size, mime)
    select lpad(n::text, 64, '0'), lpad(n::text, 32, '0'), lpad(n::text, 40, '0'), 1, 'x/y' from generate_series(${from}::int, ${to}::int) as n`.execute(
    db,
  );
}

/** Works while the tables are small, and again once they have grown; how many rows were read then. */
async function readAfterGrowth(db: Database, { analyzed }: { analyzed: boolean }): Promise<number> {
  await insertSamples(db, 1, RUNS);
  await work(db, 1);
  if (analyzed) {
    await sql`analyze samples, scans, results, outbox`.execute(db);
    // What is known of the tables has changed, so everything is planned anew.
    await work(db, 1);
  }
  await insertSamples(db, RUNS + 1, SCANS);
  await sql`insert into scans (sample_id, name, speed, internet, deadline, total, av_total, skipped)
    select n, 'x', 'ALL', false, now() + interval '1 hour', 1, 1, '[]' from generate_series(1, ${SCANS}::int) as n`.execute(db);
  await sql`insert into results (scan_id, engine_id) select id, 1 from scans on conflict do nothing`.execute(db);
  await sql`insert into outbox (scan_id, speed, internet, engine_ids) select id, 'FAST', false, '{1}' from scans`.execute(db);
  const before = await rowsRead(db);
  // The newest: who walks an index from its beginning comes to them last.
  await work(db, SCANS);
  expect(await readScan(db, SCANS)).toMatchObject({ verdict: "CLEAN", results: [{ engine: "Alpha", state: "DONE" }] });
  return (await rowsRead(db)) - before;
}

it("recording and reading a scan never read a whole table, however much it has grown since", async () => {
  expect(await readAfterGrowth(db, { analyzed: false })).toBeLessThan(50 * RUNS);
});

it("nor do they when the statements were planned by what was known of small tables", async () => {
  const other = await openUnwatched();
  try {
    await insertEngines(other.db, [engine("Alpha")]);
    expect(await readAfterGrowth(other.db, { analyzed: true })).toBeLessThan(50 * RUNS);
  } finally {
    await other.close();
  }
});

it("a submission without key, quota or batch costs no step for them", async () => {
  const { rows } = await sql<{
    statement: string;
  }>`select statement from pg_prepared_statements where name like 'accept scans%'`.execute(db);
  expect(rows.length).toBe(1);
  for (const { statement } of rows) expect(statement).not.toMatch(/idempotency_keys|api_key_usage|batches/);
});

it("reading several rows by their keys is planned a few times and not for each number of them", async () => {
  const keys = ["a", "1", "2"].map((digit) => digit.repeat(64));
  for (let run = 0; run < RUNS; run++) {
    await findSamples(db, keys.slice(run % keys.length));
    await readBriefScans(
      db,
      Array.from({ length: 1 + (run % 4) }, (_, i) => SCANS + i),
    );
  }
  const { rows } = await sql<{ name: string; planned: number }>`
    select name, custom_plans as planned from pg_prepared_statements where name in ('samples', 'brief reports') order by name`.execute(
    db,
  );
  // Postgres compares five plans that it made for certain values with one for all of them.
  expect(rows).toEqual([
    { name: "brief reports", planned: 5 },
    { name: "samples", planned: 5 },
  ]);
});

it("scans that begin to be watched together, or change together, are read by one statement", async () => {
  const { scans, notify } = createWatchers(db, testLog("watch"));
  const ids = Array.from({ length: 10 }, (_, i) => SCANS - i);
  const watches = ids.map((scanId) => scans.watchBrief(scanId, { beyondLast: true }));
  const nextOfAll = () => Promise.all(watches.map((watch) => watch.next()));
  try {
    const first = await statementsOf(async () => {
      const found = await nextOfAll();
      expect(found.map(({ value }) => value?.scanId)).toEqual(ids);
    });
    await sql`update scans set revision = revision + 1 where id = any(${ids}::bigint[])`.execute(db);
    const second = await statementsOf(async () => {
      notify(ids.map((scanId) => [scanId, 1_000]));
      await nextOfAll();
    });
    expect([first.length, second.length]).toEqual([1, 1]);
  } finally {
    for (const watch of watches) watch.cancel();
  }
});

it("a connection whose plans do not fit the tables any more is replaced", async () => {
  expect(await readScan(db, SCANS)).toMatchObject({ name: "x" });
  await sql`alter table scans alter column name type varchar(2000)`.execute(db);
  await expect(readScan(db, SCANS)).rejects.toThrow("cached plan must not change result type");
  expect(await readScan(db, SCANS)).toMatchObject({ name: "x" });
});

/** A recorded result changes its scan without a new entry in any index: only its end, and a detection, write some. */

import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../../gateway/db/database.js";
import { insertEngines, readEngines } from "../../../gateway/db/engines.js";
import { raiseResults } from "../../../gateway/db/results.js";
import { unansweredResult } from "../../../gateway/scan/withdraw.js";
import type { EngineVerdict } from "../../../schema/states.js";
import { openTestDatabase } from "../../stage/database.js";
import { engine } from "../../stage/puppet-agent.js";
import { acceptScan } from "./accepting.js";

const ENGINES = Array.from({ length: 8 }, (_, i) => `Engine${i}`);
const SCANS = 60;
const BATCH = 10;
let db: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  // Another test's transaction keeps old versions in their pages. With room for all of them it is the indexes alone that count.
  await sql`alter table scans set (fillfactor = 10)`.execute(db);
  await insertEngines(
    db,
    ENGINES.map((name) => engine(name)),
  );
  await sql`insert into samples (sha256, md5, sha1, size, mime)
    values (${"a".repeat(64)}, ${"b".repeat(32)}, ${"c".repeat(40)}, 1, 'x/y')`.execute(db);
});

afterAll(() => close());

/** Updates of scans so far, by whether they wrote entries in indexes. */
async function updates(): Promise<{ all: number; hot: number }> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  await sql`select 1`.execute(db);
  const { rows } = await sql<{ all: number; hot: number }>`
    select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'scans'`.execute(db);
  return rows[0] ?? { all: NaN, hot: NaN };
}

/** Records one result of every scan after the other, so that all pages are written again and again. */
async function record(verdictOf: (engineNumber: number) => EngineVerdict): Promise<{ all: number; hot: number }> {
  const expected = await readEngines(db);
  const scans: number[] = [];
  for (let i = 0; i < SCANS; i++) scans.push(await acceptScan(db, { expected }));
  const before = await updates();
  for (const [i, name] of ENGINES.entries()) {
    const results = scans.map((scanId) => {
      const open = { scanId, engine: name.toLowerCase(), internet: false, state: "FAILED", error: "" } as const;
      return { ...unansweredResult(open), state: "DONE", verdict: verdictOf(i), error: null } as const;
    });
    for (let n = 0; n < SCANS; n += BATCH) await raiseResults(db, results.slice(n, n + BATCH));
  }
  const after = await updates();
  return { all: after.all - before.all, hot: after.hot - before.hot };
}

it("every result but the last of a scan writes no index", async () => {
  const { all, hot } = await record(() => "CLEAN");
  expect(all).toBe(SCANS * ENGINES.length);
  expect(hot).toBeGreaterThanOrEqual(SCANS * (ENGINES.length - 1));
});

it("a detection writes them once more, since lists and the feed find it at once", async () => {
  const { hot } = await record((i) => (i === 2 || i === 5 ? "INFECTED" : "CLEAN"));
  expect(hot).toBeGreaterThanOrEqual(SCANS * (ENGINES.length - 2));
});

import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GATEWAY_LIMITS, openDatabase, type Database } from "../../../gateway/db/database.js";
import { DatabaseAway } from "../../../gateway/errors.js";
import { readSnapshot } from "../../../gateway/db/scan-changes.js";
import type { ScanCriteria } from "../../../gateway/db/scan-list.js";
import { createFeeds, type Feeds } from "../../../gateway/watch/feed.js";
import { MOST_TIMEOUTS, retryRead } from "../../../gateway/watch/reading.js";
import { openTestDatabase } from "../../stage/database.js";
import { testLog } from "../../stage/log.js";
import { until } from "../../stage/stage.js";

const WANTED: ScanCriteria = { verdicts: ["CLEAN"] };
const log = testLog("watch");
let url: string;
let db: Database;
let lists: Database;
let feeds: Feeds;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ url, db, close } = await openTestDatabase());
  lists = openDatabase(url, () => {}, { forLists: true, limits: { ...GATEWAY_LIMITS, statementMs: 30 } });
  feeds = createFeeds(db, lists, log);
});

afterAll(async () => {
  await lists.destroy();
  await close();
});

/** While it works, lists of scans take longer than they may. */
function whileSlow<T>(work: () => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table scans in access exclusive mode`.execute(tx);
    return work();
  });
}

it("a reader whose changes take too long to find is told, and no more is read for it", async () => {
  const place = await readSnapshot(db);
  await sql`select pg_current_xact_id()`.execute(db);
  await whileSlow(async () => {
    const reader = feeds.watch(WANTED, place);
    await expect(reader.next()).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    expect(feeds.count()).toBe(0);
  });
});

it("a feed whose changes take too long to find ends with that, and a new one begins", async () => {
  const reader = feeds.watch(WANTED, undefined);
  await reader.next();
  const ended = reader.next().then(
    () => "an item",
    (error: unknown) => error,
  );
  await whileSlow(async () => {
    let over = false;
    void ended.finally(() => (over = true));
    await until("it has ended", async () => {
      await sql`select pg_current_xact_id()`.execute(lists);
      feeds.invalidate();
      return over;
    });
  });
  expect(await ended).toMatchObject({ code: "QUERY_TIMEOUT" });
  const next = feeds.watch(WANTED, undefined);
  expect((await next.next()).done).toBe(false);
  await next.return();
});

it("what is no absence is not tried again, and a time limit only so often", async () => {
  let reads = 0;
  const read = (error: Error) => () => ((reads += 1), Promise.reject(error));
  await expect(retryRead(log, "it", () => true, read(new TypeError("ours")))).rejects.toThrow("ours");
  expect(reads).toBe(1);
  expect(MOST_TIMEOUTS).toBeGreaterThan(1);
});

it("nothing is read for one who has left", async () => {
  let wanted = true;
  let reads = 0;
  const reading = retryRead(
    log,
    "it",
    () => wanted,
    () => ((reads += 1), (wanted = false), Promise.reject(new DatabaseAway("away"))),
  );
  expect(await reading).toBeUndefined();
  expect(reads).toBe(1);
});

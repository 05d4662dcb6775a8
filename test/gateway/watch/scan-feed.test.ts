import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database, Tx } from "../../../gateway/db/database.js";
import type { ScanCriteria } from "../../../gateway/db/scan-list.js";
import { createFeeds, type Feeds } from "../../../gateway/watch/feed.js";
import { FEED_PAGE, type FeedEvent } from "../../../gateway/watch/feed-page.js";
import { readFeedCursor } from "../../../gateway/watch/feed-cursor.js";
import { openTestDatabase } from "../../stage/database.js";
import { testLog } from "../../stage/log.js";

let db: Database;
let close: () => Promise<void>;
let sample: number;
/** Two gateways of one mesh, as far as feeds are concerned. */
let gateways: [Feeds, Feeds];
const open: AsyncIterableIterator<FeedEvent>[] = [];

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  const hash = (length: number) => "a".repeat(length);
  const row = { sha256: hash(64), md5: hash(32), sha1: hash(40), size: 1, mime: "text/plain" };
  sample = (await db.insertInto("samples").values(row).returning("id").executeTakeFirstOrThrow()).id;
});

afterAll(() => close());

beforeEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.return?.()));
  const log = testLog("watch");
  gateways = [createFeeds(db, db, log), createFeeds(db, db, log)];
});

function watch(
  gateway: 0 | 1,
  after?: string,
  wanted: ScanCriteria = {},
): { next(): Promise<FeedEvent>; leave(): Promise<unknown> } {
  const place = after === undefined ? undefined : readFeedCursor(after);
  const items = gateways[gateway].watch(wanted, place);
  open.push(items);
  return {
    next: async () => (await items.next()).value as FeedEvent,
    leave: async () => items.return?.(),
  };
}

function touch(): void {
  for (const feeds of gateways) feeds.invalidate();
}

async function accept(on: Database | Tx, count = 1): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    insert into scans (sample_id, name, speed, internet, deadline, total, skipped)
    select ${sample}, 'a', 'ALL', false, now() + interval '1 hour', 1, '[]' from generate_series(1, ${count}::int)
    returning id`.execute(on);
  return rows.map(({ id }) => id);
}

async function change(on: Database | Tx, id: number, what: { final?: boolean; verdict?: string }): Promise<void> {
  await sql`update scans set revision = revision + 1, verdict = greatest(verdict, ${what.verdict ?? null}::verdict),
    done = case when ${what.final ?? false} then 1 else done end,
    end_date = case when ${what.final ?? false} then now() else end_date end where id = ${id}`.execute(on);
}

/** A transaction that ends when it is told to. */
async function begin(): Promise<{ tx: Tx; commit(): Promise<void> }> {
  let commit = () => {};
  let over: Promise<unknown> = Promise.resolve();
  const tx = await new Promise<Tx>((resolve, reject) => {
    over = db.transaction().execute(async (inside) => {
      resolve(inside);
      await new Promise<void>((done) => (commit = done));
    });
    over.catch(reject);
  });
  return {
    tx,
    async commit() {
      commit();
      await over;
    },
  };
}

const ids = ({ scans }: FeedEvent) => scans.map(({ scanId }) => scanId);

describe("a feed", () => {
  it("begins with a cursor, then tells of each scan that is accepted, gets another verdict or becomes final", async () => {
    const feed = watch(0);
    expect((await feed.next()).scans).toEqual([]);
    const [id = 0] = await accept(db);
    touch();
    expect(await feed.next()).toMatchObject({ scans: [{ scanId: id, revision: 0, verdict: null }] });
    await change(db, id, { verdict: "INFECTED" });
    touch();
    expect(await feed.next()).toMatchObject({ scans: [{ scanId: id, revision: 1, verdict: "INFECTED", endDate: null }] });
    await sql`update scans set revision = revision + 1 where id = ${id}`.execute(db);
    await change(db, id, { final: true });
    touch();
    const last = await feed.next();
    expect(last).toMatchObject({ scans: [{ scanId: id, revision: 3 }] });
    expect(last.scans[0]?.endDate).not.toBeNull();
  });

  it("is the same object for all who keep up", async () => {
    const [one, other] = [watch(0), watch(0)];
    await Promise.all([one.next(), other.next()]);
    await accept(db);
    touch();
    const [event, same] = await Promise.all([one.next(), other.next()]);
    expect(event.scans).toHaveLength(1);
    expect(same).toBe(event);
  });

  it("tells of a scan whose transaction lasted longer than others that began after it, also to who has come back", async () => {
    const feed = watch(0);
    await feed.next();
    const slow = await begin();
    const [late = 0] = await accept(slow.tx);
    const [early = 0] = await accept(db);
    expect(early).toBeGreaterThan(late);
    touch();
    const seen = await feed.next();
    expect(ids(seen)).toEqual([early]);
    await feed.leave();
    await accept(db);
    const between = watch(1, seen.cursor);
    expect((await between.next()).scans).toHaveLength(1);
    await slow.commit();
    touch();
    expect(ids(await between.next())).toEqual([late]);
    const back = await watch(1, seen.cursor).next();
    expect(ids(back)).toContain(late);
    expect(ids(back)).not.toContain(early);
  });

  it("goes on page by page for who was away long, and joins the others", async () => {
    const { cursor } = await watch(0).next();
    const slow = await begin();
    const missed = [...(await accept(slow.tx, 30)), ...(await accept(db, 2 * FEED_PAGE + 1))];
    await slow.commit();
    let back = watch(1, cursor);
    const first = await back.next();
    expect(first.scans).toHaveLength(FEED_PAGE);
    await back.leave();
    back = watch(0, first.cursor);
    const found = [...ids(first), ...ids(await back.next()), ...ids(await back.next())];
    expect(found.toSorted((a, b) => a - b)).toEqual(missed);
    const quick = watch(0);
    await quick.next();
    await accept(db);
    touch();
    const event = await quick.next();
    expect(ids(await back.next())).toEqual(ids(event));
  });

  it("gives a slow reader each scan as it is by then, once", async () => {
    const [slow, quick] = [watch(0), watch(0)];
    await Promise.all([slow.next(), quick.next()]);
    const [id = 0] = await accept(db);
    touch();
    await quick.next();
    await change(db, id, { verdict: "SUSPICIOUS" });
    touch();
    await quick.next();
    await change(db, id, { final: true });
    touch();
    await quick.next();
    expect(await slow.next()).toMatchObject({ scans: [{ scanId: id, revision: 2 }] });
    await accept(db);
    touch();
    expect(await slow.next()).toBe(await quick.next());
  });

  it("with a filter tells of scans that meet it after a change, now and to who comes back", async () => {
    const wanted: ScanCriteria = { verdicts: ["INFECTED"], names: ["a*"] };
    const [infected, all] = [watch(0, undefined, wanted), watch(0)];
    const { cursor } = await infected.next();
    await all.next();
    const [one = 0, other = 0] = await accept(db, 2);
    touch();
    expect(ids(await all.next())).toEqual([one, other]);
    await change(db, one, { verdict: "CLEAN", final: true });
    await change(db, other, { verdict: "INFECTED" });
    touch();
    expect(ids(await infected.next())).toEqual([other]);
    expect(ids(await watch(1, cursor, wanted).next())).toEqual([other]);
    expect(ids(await watch(1, cursor, { ...wanted, names: ["b"] }).next())).toEqual([]);
  });

  it("stops looking when nobody watches", async () => {
    const feed = watch(0);
    await feed.next();
    expect(gateways[0].count()).toBe(1);
    const waiting = feed.next();
    await feed.leave();
    expect(await waiting).toBeUndefined();
    expect(gateways[0].count()).toBe(0);
  });
});

describe("a cursor", () => {
  it.each(["", "feed", "x".repeat(5_000), Buffer.from("feed 1:2:'; drop table scans").toString("base64url")])(
    "that is none is refused (%#)",
    (cursor) => {
      expect(() => readFeedCursor(cursor)).toThrow("after: is not a cursor of this feed");
    },
  );

  it.each([
    ["an end before its beginning", "5:3:"],
    ["a beginning of 0", "0:5:"],
    ["a running transaction before its beginning", "5:9:4"],
    ["a running transaction after its end", "5:9:9"],
    ["running transactions out of order", "5:9:8,7"],
    ["a number of more than 64 bits", "5:18446744073709551616:"],
  ])("with %s is refused, as the place or its end", async (_what, snapshot) => {
    for (const text of [`feed ${snapshot}`, `feed 5:9: ${snapshot} 4 1`, `feed ${snapshot} 5:9: 4 1`]) {
      const cursor = Buffer.from(text).toString("base64url");
      expect(() => readFeedCursor(cursor)).toThrow("after: is not a cursor of this feed");
    }
  });

  it.each(["5:5:", "5:9:5,6,8", "5:9: 5:9:7 18446744073709551615 1"])("%s is read", (text) => {
    expect(readFeedCursor(Buffer.from(`feed ${text}`).toString("base64url"))).toBeDefined();
  });

  it("that Postgres cannot read ends its watch instead of being tried for ever", async () => {
    const place = { from: "5:9:", to: "5:3:7", after: { changedIn: "4", scanId: 1 } };
    await expect(gateways[0].watch({}, place).next()).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: "after: is not a cursor of this feed",
    });
  });

  it("of another database is refused", async () => {
    const cursor = Buffer.from("feed 9000000000:9000000000:").toString("base64url");
    await expect(watch(0, cursor).next()).rejects.toMatchObject({ code: "BAD_INPUT" });
  });
});

/** What a subscriber that is cut off, or that comes at the last moment, gets to see. 10,000 of each, by a seed. */

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { readFeedCursor } from "../../../gateway/watch/feed-cursor.js";
import type { ScanReport } from "../../../schema/reports.js";
import { randomOf, type Random } from "../../bench/random.js";
import { openTestDatabase } from "../../stage/database.js";
import { ENGINES, play, turns, within, type Play } from "./played-scans.js";

const TIMES = 10_000;
const SUBSCRIBERS = 25;

let database: Awaited<ReturnType<typeof openTestDatabase>> | undefined;
let resyncs: NodeJS.Timeout | undefined;

async function start(random: Random, lost: number): Promise<Play> {
  database = await openTestDatabase();
  return play(database.db, random, lost);
}

async function end(): Promise<void> {
  clearInterval(resyncs);
  await database?.close();
  database = undefined;
}

beforeEach(end);
afterAll(end);

/** Every engine begins and answers, in an order of the seed. */
async function perform({ say }: Play, scanId: number, random: Random): Promise<void> {
  const infected = random.unit() < 0.5;
  await Promise.all(
    ENGINES.map(async (engine, i) => {
      await turns(random, 20);
      if (random.unit() < 0.5) await say(scanId, engine, "SCANNING");
      await turns(random, 20);
      await say(scanId, engine, "DONE", infected && i === 0 ? "INFECTED" : "CLEAN");
    }),
  );
}

async function toTheEnd(items: AsyncIterableIterator<ScanReport>): Promise<ScanReport[]> {
  const seen: ScanReport[] = [];
  for await (const report of items) seen.push(report);
  return seen;
}

const rises = (reports: readonly { revision: number }[]) =>
  reports.every(({ revision }, i) => i === 0 || revision > (reports[i - 1]?.revision ?? Infinity));

describe("a subscriber of a scan", () => {
  it(`that is cut off at any moment and comes back to any gateway, ${TIMES} times, sees the end that all see`, async () => {
    const random = randomOf(28);
    const theatre = await start(random, 0.02);
    const { gateways } = theatre;
    resyncs = setInterval(() => gateways.forEach(({ watchers }) => void watchers.resync()), 50);
    const anyGateway = () => gateways[random.unit() < 0.5 ? 0 : 1].watchers.scans;
    let cuts = 0;

    async function cutAgainAndAgain(scanId: number): Promise<ScanReport | undefined> {
      for (;;) {
        const items = anyGateway().watch(scanId);
        const cut = turns(random, 30);
        for (let found; (found = await within(items.next(), cut)) !== undefined;) {
          if (found.done) throw new Error("a subscription ended before its scan");
          if (found.value.endDate) return found.value;
        }
        cuts += 1;
        await items.return?.();
        await turns(random, 5);
      }
    }

    for (let scans = 0; cuts < TIMES || scans < 200; scans++) {
      const scanId = await theatre.accept();
      const steady = toTheEnd(gateways[0].watchers.scans.watch(scanId));
      const others = Array.from({ length: SUBSCRIBERS }, () => cutAgainAndAgain(scanId));
      await perform(theatre, scanId, random);
      const seen = await steady;
      const final = seen.at(-1);
      expect(rises(seen)).toBe(true);
      expect(final).toEqual(await readScan(database!.db, scanId));
      for (const report of await Promise.all(others)) expect(report).toEqual(final);
    }
    expect(gateways.map(({ watchers }) => watchers.scans.count())).toEqual([0, 0]);
  });

  it(`that comes during the final event, ${TIMES} times, sees it once and is not left waiting, though nothing is repaired`, async () => {
    const random = randomOf(29);
    const theatre = await start(random, 0);
    let came = 0;
    while (came < TIMES) {
      const scanId = await theatre.accept();
      const [last = "", ...others] = ENGINES;
      for (const engine of others) await theatre.say(scanId, engine, "DONE", "CLEAN");
      const watches = Array.from({ length: 2 * SUBSCRIBERS }, async (_, i) => {
        await turns(random, 12);
        return toTheEnd(theatre.gateways[i % 2 === 0 ? 0 : 1].watchers.scans.watch(scanId));
      });
      await turns(random, 4);
      await theatre.say(scanId, last, "DONE", "CLEAN");
      for (const seen of await Promise.all(watches)) {
        expect(seen.filter(({ endDate }) => endDate !== null)).toHaveLength(1);
        expect(seen.at(-1)).toMatchObject({ verdict: "CLEAN", done: ENGINES.length });
        came += 1;
      }
    }
  });
});

describe("a subscriber of the feed", () => {
  it("that is cut off and comes back to any gateway with its cursor knows in the end of every scan and how it ended", async () => {
    const random = randomOf(30);
    const theatre = await start(random, 0.02);
    const { gateways } = theatre;
    resyncs = setInterval(() => gateways.forEach(({ feeds }) => feeds.invalidate()), 50);
    const everything = {};
    const scans: number[] = [];
    let over = false;
    let cuts = 0;

    async function follow(): Promise<Map<number, { revision: number; final: boolean }>> {
      const known = new Map<number, { revision: number; final: boolean }>();
      let cursor: string | undefined;
      const complete = () => over && scans.every((scanId) => known.get(scanId)?.final);
      while (!complete()) {
        const items = gateways[random.unit() < 0.5 ? 0 : 1].feeds.watch(
          everything,
          cursor === undefined ? undefined : readFeedCursor(cursor),
        );
        const cut = turns(random, 200);
        for (let found; !complete() && (found = await within(items.next(), cut)) !== undefined;) {
          if (found.done) throw new Error("the feed has ended");
          for (const { scanId, revision, endDate } of found.value.scans) {
            const before = known.get(scanId);
            if (!before || before.revision < revision) known.set(scanId, { revision, final: endDate !== null });
          }
          cursor = found.value.cursor;
        }
        cuts += 1;
        await items.return?.();
      }
      return known;
    }

    const followers = Array.from({ length: 5 }, follow);
    await Promise.all(gateways.map(({ feeds }) => feeds.watch(everything, undefined).next()));
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const scanId = await theatre.accept();
          scans.push(scanId);
          await perform(theatre, scanId, random);
        }),
      );
    }
    over = true;
    for (const known of await Promise.all(followers)) {
      for (const scanId of scans) {
        const scan = await readScan(database!.db, scanId);
        expect(known.get(scanId)).toEqual({ revision: scan?.revision, final: true });
      }
    }
    expect(cuts).toBeGreaterThan(100);
  });
});

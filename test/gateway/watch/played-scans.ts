/** Scans that are played on the database alone, quickly and by a seed, and gateways that hear of them as over the bus. */

import { sql } from "kysely";
import type { Hint } from "../../../gateway/bus/bus.js";
import type { Database } from "../../../gateway/db/database.js";
import { raiseResults, type IncomingResult } from "../../../gateway/db/results.js";
import { createFeeds, type Feeds } from "../../../gateway/watch/feed.js";
import { createWatchers, type Watchers } from "../../../gateway/watch/watchers.js";
import type { Random } from "../../bench/random.js";
import { testLog } from "../../stage/log.js";

export const ENGINES = ["alpha", "beta", "gamma"];

/** What watching needs of a gateway. */
export interface Watching {
  readonly watchers: Watchers;
  readonly feeds: Feeds;
}

export interface Play {
  readonly gateways: readonly [Watching, Watching];
  accept(): Promise<number>;
  /** One engine's next word; resolves once it is committed, when the gateways are about to hear of it. */
  say(scanId: number, engine: string, state: "SCANNING" | "DONE", verdict?: IncomingResult["verdict"]): Promise<void>;
}

/** `lost` is the share of hints that no gateway hears; all others are heard late, some of them twice. */
export async function play(db: Database, random: Random, lost: number): Promise<Play> {
  const log = testLog("watch");
  const hash = (length: number) => "b".repeat(length);
  const row = { sha256: hash(64), md5: hash(32), sha1: hash(40), size: 1, mime: "text/plain" };
  const sample = (await db.insertInto("samples").values(row).returning("id").executeTakeFirstOrThrow()).id;
  await db
    .insertInto("engines")
    .values(
      ENGINES.map((name) => ({ name, type: "AV" as const, speed: "ULTRA" as const, internet: false, input: "file" as const })),
    )
    .execute();
  const make = (): Watching => ({ watchers: createWatchers(db, log), feeds: createFeeds(db, db, log) });
  const gateways = [make(), make()] as const;

  function hint(hints: Hint[]): void {
    for (const { watchers, feeds } of gateways) {
      if (random.unit() < lost) continue;
      for (let times = random.unit() < 0.1 ? 2 : 1; times > 0; times--) {
        void turns(random, 3).then(() => {
          watchers.notify(hints);
          feeds.invalidate();
        });
      }
    }
  }

  return {
    gateways,
    async accept() {
      const { rows } = await sql<{ id: number }>`
        with scan as (
          insert into scans (sample_id, name, speed, internet, deadline, total, av_total, skipped)
          values (${sample}, 'played', 'ALL', false, now() + interval '1 hour', ${ENGINES.length}, ${ENGINES.length}, '[]') returning id
        ), expected as (insert into results (scan_id, engine_id) select scan.id, engines.id from scan, engines)
        select id from scan`.execute(db);
      const id = rows[0]?.id ?? 0;
      hint([[id, 0]]);
      return id;
    },
    async say(scanId, engine, state, verdict = null) {
      const { changed } = await raiseResults(db, [said(scanId, engine, state, verdict)]);
      hint(changed.map(({ scanId: id, revision }) => [id, revision]));
    },
  };
}

function said(
  scanId: number,
  engine: string,
  state: IncomingResult["state"],
  verdict: IncomingResult["verdict"],
): IncomingResult {
  return {
    scanId,
    engine,
    internet: "isolated",
    state,
    verdict,
    signature: verdict === "INFECTED" ? "Played" : null,
    error: null,
    cause: null,
    versions: { engine: null, signatures: null, signatureDate: null },
    image: null,
    agent: "player",
    startedAt: null,
    durationMs: 1,
    details: null,
    truncated: false,
  };
}

/** So many turns of the event loop at most. */
export async function turns(random: Random, most: number): Promise<void> {
  for (let left = Math.floor(random.unit() * (most + 1)); left > 0; left--) await new Promise(setImmediate);
}

/** Resolves to undefined when the time is up; turns of an idle loop are short, those of a busy one long. */
export async function within<T>(promise: Promise<T>, end: Promise<unknown>): Promise<T | undefined> {
  return Promise.race([promise, end.then(() => undefined)]);
}

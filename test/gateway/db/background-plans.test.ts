/**
 * What runs in the background reads what it works on and no more, whatever the planner knows of the tables: they may have grown since
 * they were analysed, and the first scans of a mesh come to tables of which nothing is known.
 */

import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countPublished, countUnpublished, readHeld, releaseHeld } from "../../../gateway/db/bulk.js";
import type { Database, Tx } from "../../../gateway/db/database.js";
import { readDueWebhooks, readDueWork } from "../../../gateway/db/due-work.js";
import { insertEngines } from "../../../gateway/db/engines.js";
import { lockUncounted, lockUntold } from "../../../gateway/db/final-scans.js";
import { removeOldKeys } from "../../../gateway/db/idempotency.js";
import { lockUnpublished, markPublished, readLackingCopy, readRequests } from "../../../gateway/db/outbox.js";
import { lockRemovals } from "../../../gateway/db/removals.js";
import { requestAgain } from "../../../gateway/db/request-again.js";
import { findLocked, lockScans, raiseResults } from "../../../gateway/db/results.js";
import { lockReturned } from "../../../gateway/db/returned.js";
import { rollUp, trimRollup } from "../../../gateway/db/rollup.js";
import { readNamedBlobs, releaseInternetCopies } from "../../../gateway/db/samples.js";
import { firstNeededSeq, lockOverdue, removeSettled, requeueLost } from "../../../gateway/db/sweep.js";
import { lockUnserved } from "../../../gateway/db/unserved.js";
import { removeExpiredUploads } from "../../../gateway/db/uploads.js";
import { leaseDeliveries, queueFinals, removeOldDeliveries } from "../../../gateway/db/webhooks.js";
import { openResults, withdrawRequests } from "../../../gateway/db/withdraw.js";
import { unansweredResult } from "../../../gateway/scan/withdraw.js";
import { createDatabase, openTestDatabase } from "../../stage/database.js";
import { engine } from "../../stage/puppet-agent.js";
import { openExplained, type ExplainedDatabase } from "./explained.js";

const HISTORY = 20_000;
/** How much there is of each kind of work. */
const WORK = 20;
/** Much less than the history has. Each row counts in every node of a plan that it goes through. */
const MOST_ROWS = WORK * 150;

/** Scans from an id on, each of a sample of its own, with a result of each of the two engines. */
async function insert(db: Database, from: number, count: number, state: "final" | "open" | "counted"): Promise<void> {
  const numbers = sql`generate_series(${from}::int, ${from + count - 1}::int) as n`;
  const ended = { final: sql`now()`, open: sql`null::timestamptz`, counted: sql`now() - interval '1 day'` }[state];
  const isOpen = state === "open";
  await sql`insert into samples (id, sha256, md5, sha1, size, mime, blob, isolated_chunks)
    overriding system value select n, lpad(n::text, 64, '0'), lpad(n::text, 32, '0'), lpad(n::text, 40, '0'), 1, 'x/y', gen_random_uuid(), '{1}' from ${numbers}`.execute(
    db,
  );
  await sql`insert into scans (id, sample_id, name, speed, internet, deadline, total, done, av_total, av_clean, skipped, end_date, verdict)
    select n, n, 'x', 'ALL', true, now() - interval '1 minute', 2, ${isOpen ? 0 : 2}, 2, ${isOpen ? 0 : 2}, '[]', ${ended},
      ${isOpen ? null : "CLEAN"}::verdict from ${numbers}`.execute(db);
  await sql`insert into results (scan_id, engine_id, state, verdict, ended_at, duration_ms)
    select n, engines.id, ${isOpen ? "QUEUED" : "DONE"}::result_state, ${isOpen ? null : "CLEAN"}::verdict, ${ended}, 10
    from engines cross join ${numbers}`.execute(db);
}

const SCANS = { final: HISTORY + 1, published: HISTORY + WORK + 1, unpublished: HISTORY + 2 * WORK + 1 };
const idsFrom = (from: number) => Array.from({ length: WORK }, (_, i) => from + i);

async function insertWork(db: Database): Promise<void> {
  await sql`insert into webhooks (url, events, secret) values ('http://x', '{SCAN_FINISHED}', ${Buffer.alloc(32)})`.execute(db);
  await insert(db, SCANS.final, WORK, "final");
  await insert(db, SCANS.published, 2 * WORK, "open");
  await sql`insert into outbox (scan_id, speed, internet, engine_ids, created_at)
    select id, 'FAST', false, array(select id from engines), now() - interval '1 hour' from scans where end_date is null`.execute(
    db,
  );
  await sql`update outbox set seq = id, stream_created = 's', published_at = now() - interval '1 hour' where scan_id < ${SCANS.unpublished}`.execute(
    db,
  );
  await sql`insert into idempotency_keys (owner, key, input_hash, scan_id, created_at)
    select '', id::text, ${"a".repeat(64)}, id, now() - interval '2 days' from scans where end_date is null or id > ${HISTORY}`.execute(
    db,
  );
  await sql`insert into webhook_deliveries (webhook_id, event, scan_id, created_at)
    select webhooks.id, 'SCAN_FINISHED', n, now() - interval '40 days' from webhooks cross join generate_series(1, ${WORK}::int) as n`.execute(
    db,
  );
  await sql`insert into removals (internet, blob, seqs) select false, gen_random_uuid(), '{1}' from generate_series(1, ${WORK}::int)`.execute(
    db,
  );
  await sql`update samples set internet_chunks = '{1}' where id >= ${SCANS.final} and id < ${SCANS.published}`.execute(db);
}

/** More rows than there are, without two. */
const MANY = { limit: 2_000, except: [1, HISTORY] };

const outboxIds = async (tx: Tx) => (await tx.selectFrom("outbox").select("id").orderBy("id").execute()).map(({ id }) => id);

/** By name, what runs in the background. */
const STEPS: Record<string, (tx: Tx) => Promise<unknown>> = {
  "the look for work": readDueWork,
  "the look for webhooks": readDueWebhooks,
  "the roll-up of statistics": async (tx) => rollUp(tx, (await lockUncounted(tx, MANY)) ?? []),
  "its trimming": trimRollup,
  "webhooks of final scans": async (tx) => queueFinals(tx, (await lockUntold(tx, MANY)) ?? []),
  "deliveries that are due": (tx) => leaseDeliveries(tx, { each: 10, leaseMs: 1_000, except: [] }),
  "old deliveries": (tx) => removeOldDeliveries(tx, 1_000),
  "old idempotency keys": (tx) => removeOldKeys(tx, 1_000),
  "expired uploads": removeExpiredUploads,
  "requests that are lost": (tx) =>
    requeueLost(
      tx,
      { asOf: new Date(), internet: false, stream: "new", lastSeq: 0, settledUpTo: new Map([[1, 5]]) },
      { ...MANY, took: () => undefined },
    ),
  "requests that are needed": (tx) =>
    firstNeededSeq(tx, false, "s", { samples: undefined, scansSeq: 1, scansAt: new Date(), scansAgeMs: 5_000 }),
  "requests of final scans": removeSettled,
  "requests that are overdue": (tx) => lockUnpublished(tx, 500, MANY, []),
  "requests without a copy": (tx) => readLackingCopy(tx, 500, 200),
  "requests to publish": async (tx) => readRequests(tx, await outboxIds(tx)),
  "requests that are published": async (tx) =>
    markPublished(
      tx,
      (await outboxIds(tx)).map((outboxId, i) => {
        return {
          outboxId: outboxId + 3 * WORK * (i % 2),
          scanId: SCANS.published + i,
          internet: false,
          seq: outboxId,
          stream: "s",
        };
      }),
    ),
  "requests that are returned": (tx) =>
    lockReturned(
      tx,
      "isolated",
      idsFrom(SCANS.published).map((scanId, position) => ({ position, scanId, engine: "alpha", sequence: position + 1 })),
    ),
  "requests to publish again": async (tx) =>
    requestAgain(
      tx,
      (await outboxIds(tx)).map((outboxId) => ({ outboxId, engineId: 1 })),
    ),
  "held requests": async (tx) => {
    await countUnpublished(tx);
    await countPublished(tx);
    await readHeld(tx, 200);
    await releaseHeld(tx, await outboxIds(tx));
  },
  "overdue scans": (tx) => lockOverdue(tx, MANY),
  "what overdue scans wait for": async (tx) => {
    const open = await openResults(tx, await lockScans(tx, idsFrom(SCANS.published)));
    await withdrawRequests(tx, idsFrom(SCANS.published));
    await raiseResults(
      tx,
      open.map((result) => unansweredResult({ ...result, state: "TIMEOUT", error: "timeout" })),
    );
  },
  "scans that wait for engines that do not work": async (tx) => {
    await sql`update engines set removed_at = now(), last_healthy_at = null, expected_until = '-infinity'`.execute(tx);
    await lockUnserved(tx, { ...MANY, present: [], busy: [], graceMs: 1_000 });
  },
  "scans that are locked": (tx) => findLocked(tx, idsFrom(SCANS.published)),
  "copies in the internet account": (tx) => releaseInternetCopies(tx, { limit: 100, except: [1], took: () => undefined }),
  removals: (tx) => lockRemovals(tx, { olderThanMs: 0 }, 200),
  "blobs that samples name": async (tx) => {
    const rows = await tx.selectFrom("samples").select("blob").where("id", ">=", SCANS.final).execute();
    await readNamedBlobs(
      tx,
      rows.flatMap(({ blob }) => blob ?? []),
    );
  },
};

/** What is in the tables, and when they were analysed. */
const STORES = [
  { store: "an empty store of which nothing is known", history: 0 },
  { store: "a large store of which nothing is known", history: HISTORY },
  { store: "a store that has grown since it was analysed", history: HISTORY, analysed: "empty" },
  { store: "an analysed store", history: HISTORY, analysed: "full" },
];

describe.each(STORES)("in $store", ({ history, analysed }) => {
  let explained: ExplainedDatabase;

  beforeAll(async () => {
    const { url, db, close } = await openTestDatabase(await createDatabase());
    await sql`do $$ declare name text; begin
      for name in select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace loop
        execute format('alter table %I set (autovacuum_enabled = off)', name);
      end loop; end $$`.execute(db);
    await insertEngines(db, [engine("Alpha"), engine("Beta")]);
    if (analysed === "empty") await sql`analyze`.execute(db);
    if (history > 0) await insert(db, 1, history, "counted");
    if (analysed === "full") await sql`analyze`.execute(db);
    await insertWork(db);
    await close();
    explained = openExplained(url);
  });

  afterAll(() => explained.db.destroy());

  it.each(Object.keys(STEPS))("%s: no more rows are read than it works on", async (name) => {
    const undone = new Error("undone");
    const statements = await explained.explain(() =>
      explained.db
        .transaction()
        .execute(async (tx) => {
          await STEPS[name]?.(tx);
          throw undone;
        })
        .catch((error: unknown) => expect(error).toBe(undone)),
    );
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.filter(({ rows }) => rows > MOST_ROWS)).toEqual([]);
  });
});

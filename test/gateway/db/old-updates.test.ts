import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { removeOldBundles } from "../../../gateway/db/bundles.js";
import type { Database } from "../../../gateway/db/database.js";
import { forgetEngine, recordHosts } from "../../../gateway/db/engine-hosts.js";
import { recordSetups, removeOldSetups } from "../../../gateway/db/engine-setups.js";
import { removeOldTargets } from "../../../gateway/db/engine-targets.js";
import { removeOldUpdates } from "../../../gateway/db/old-updates.js";
import { openTestDatabase } from "../../stage/database.js";

let db: Database;
let close: () => Promise<void>;
let engineId: number;

beforeAll(async () => void ({ db, close } = await openTestDatabase()));
afterAll(() => close());
beforeEach(async () => {
  const row = {
    name: `E${randomUUID().slice(0, 8)}`,
    type: "AV",
    speed: "FAST",
    internet: false,
    input: "file",
    accepts: null,
  } as const;
  ({ id: engineId } = await db.insertInto("engines").values(row).returning("id").executeTakeFirstOrThrow());
});

const OLD = new Date(Date.now() - 400 * 86_400_000);

/** A bundle with one file, whose files are gone since then. */
async function bundle(sequence: number, removed_at: Date | null = OLD): Promise<number> {
  const digest = (randomUUID() + randomUUID()).replaceAll("-", "");
  const row = { engine_id: engineId, set_name: "main", sequence, kind: "FILES" as const, digest, signature: Buffer.from("s") };
  const { id } = await db
    .insertInto("bundles")
    .values({ ...row, size: 1, source: "a test", removed_at, file_count: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db.insertInto("bundle_files").values({ bundle_id: id, path: "a", sha256: digest, size: 1 }).execute();
  return id;
}

async function update(from_bundle: number | null, to_bundle: number, state: "DONE" | "ROLLED_BACK" = "DONE"): Promise<void> {
  const row = { engine_id: engineId, set_name: "main", from_bundle, to_bundle, cause: "ASKED" as const, state, ended_at: OLD };
  await db.insertInto("engine_updates").values(row).execute();
}

const rows = async (table: "bundles" | "engine_updates") =>
  (await db.selectFrom(table).select("id").where("engine_id", "=", engineId).orderBy("id").execute()).map(({ id }) => id);

it("old updates go with the bundles that only they have named; the last fifty, what is served, and the newest number stay", async () => {
  const ids: number[] = [];
  for (let n = 1; n <= 70; n += 1) {
    ids.push(await bundle(n));
    if (n < 70) await update(ids[n - 2] ?? null, ids[n - 1] ?? 0, n > 2 ? "ROLLED_BACK" : "DONE");
  }
  const served = ids[4] ?? 0;
  await db.updateTable("bundles").set({ removed_at: null }).where("id", "=", served).execute();
  const all = await rows("engine_updates");
  await removeOldUpdates(db);
  // The second was done last; the fifth is served, and the sixth led away from it.
  expect(await rows("engine_updates")).toEqual([all[1], all[4], all[5], ...all.slice(-50)]);
  expect(await rows("bundles")).toEqual([ids[0], ids[1], ids[3], served, ids[5], ...ids.slice(18)]);
  expect(await db.selectFrom("bundle_files").select("path").where("bundle_id", "in", ids).execute()).toHaveLength(1);
  await removeOldUpdates(db);
  expect(await rows("engine_updates")).toHaveLength(53);
});

it("an engine that is removed takes its targets and its waiting update along, and its bundles are kept no more", async () => {
  const ids = [await bundle(1, null), await bundle(2, null)];
  await db
    .insertInto("engine_targets")
    .values({ engine_id: engineId, agent: "a", set_name: "main", bundle_id: ids[0] ?? 0 })
    .execute();
  const open = { engine_id: engineId, set_name: "main", to_bundle: ids[1] ?? 0, cause: "ASKED" as const };
  await db.insertInto("engine_updates").values(open).execute();
  await db.transaction().execute((tx) => forgetEngine(tx, engineId));
  expect(await db.selectFrom("engine_targets").select("agent").where("engine_id", "=", engineId).execute()).toEqual([]);
  expect(await db.selectFrom("engine_updates").select(["state", "reason"]).where("engine_id", "=", engineId).execute()).toEqual([
    { state: "CANCELLED", reason: "Its engine was removed." },
  ]);
  expect(await db.transaction().execute((tx) => removeOldBundles(tx))).toBe(2);
});

it("a host that is there keeps no targets of an engine that it has no more; one that is away keeps its own", async () => {
  const bundle_id = await bundle(1, null);
  const { name } = await db.selectFrom("engines").select("name").where("id", "=", engineId).executeTakeFirstOrThrow();
  const agents = { has: `${name}-has`, lost: `${name}-lost`, away: `${name}-away` };
  for (const agent of Object.values(agents)) {
    await sql`insert into agents values (false, ${agent}, 'h', '1', '{}', now(), now() - ${agent === agents.away ? "2 days" : "0 days"}::interval)`.execute(
      db,
    );
    const target = { engine_id: engineId, agent, set_name: "main", bundle_id, changed_at: OLD };
    await db.insertInto("engine_targets").values(target).execute();
  }
  const host = { agent: agents.has, internet: "isolated" as const, engines: [name.toLowerCase()], incomplete: false };
  await db.transaction().execute((tx) => recordHosts(tx, [host]));
  await removeOldTargets(db);
  const kept = await db.selectFrom("engine_targets").select("agent").where("engine_id", "=", engineId).orderBy("agent").execute();
  expect(kept.map(({ agent }) => agent)).toEqual([agents.away, agents.has]);
});

it("ways to run an engine go a day after the last agent ran it so, unless a result names them or there are few", async () => {
  const [named, left, run] = [randomUUID(), randomUUID(), randomUUID()];
  const setup = { runner: "r", agentVersion: "1", updatedBy: null, limits: {} };
  await recordSetups(db, new Map([named, left, run].map((id) => [id, setup])));
  await sql`update engine_setups set seen_at = now() - interval '2 days'`.execute(db);
  await recordSetups(db, new Map([[run, setup]]));
  await sql`with sample as (insert into samples (sha256, md5, sha1, size, mime) values (repeat('a', 64), repeat('a', 32), repeat('a', 40), 1, 'a/b') returning id),
    scan as (insert into scans (sample_id, name, speed, internet, deadline, total, done, skipped)
      select id, 'a', 'FAST', false, now(), 1, 0, '[]' from sample returning id)
    insert into results (scan_id, engine_id, state, setup) select id, ${engineId}, 'QUEUED', ${named}::uuid from scan`.execute(
    db,
  );
  const kept = async () => (await db.selectFrom("engine_setups").select("id").execute()).map(({ id }) => id).toSorted();
  await removeOldSetups(db);
  expect(await kept()).toEqual([named, left, run].toSorted());
  await removeOldSetups(db, 2);
  expect(await kept()).toEqual([named, run].toSorted());
});

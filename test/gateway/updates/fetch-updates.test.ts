import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Presence } from "../../../schema/presence.js";
import type { Control } from "../../../schema/control.js";
import type { FetchJob, FetchOrder } from "../../../schema/fetch-job.js";
import type { Database } from "../../../gateway/db/database.js";
import { checkSourcesNow } from "../../../gateway/db/fetch-looks.js";
import { changePolicy } from "../../../gateway/db/update-policies.js";
import { createMetrics } from "../../../gateway/metrics.js";
import { fetchUpdates, type FetchContext } from "../../../gateway/updates/fetch-updates.js";
import { openTestDatabase } from "../../stage/database.js";

const HOUR = 3_600_000;
const PRESENCE: Omit<Presence, "agent" | "state"> = {
  v: 1,
  host: "fake",
  version: "0",
  class: "internet",
  startedAt: new Date().toISOString(),
  heartbeatMs: 2_000,
  proofs: [],
  engines: [],
};

/** A fetcher that does with its orders what a test says. */
interface FakeFetcher {
  readonly agent: string;
  readonly orders: FetchOrder[];
  readonly jobs: Map<string, FetchJob>;
  react: (order: FetchOrder) => Partial<FetchJob> | undefined;
  isThere: boolean;
  state: "READY" | "DRAINING";
  sources: { engine: string; set: string; everyMs?: number }[];
}

let db: Database;
let close: () => Promise<void>;
let engine: string;
let engineId: number;
let fetchers: FakeFetcher[];
let context: FetchContext;
const metrics = createMetrics();

beforeAll(async () => void ({ db, close } = await openTestDatabase()));
afterAll(() => close());

beforeEach(async () => {
  await db.deleteFrom("fetch_jobs").execute();
  engine = `E${randomUUID().slice(0, 8)}`;
  const row = { name: engine, type: "AV", speed: "FAST", internet: false, input: "file", accepts: null } as const;
  ({ id: engineId } = await db.insertInto("engines").values(row).returning("id").executeTakeFirstOrThrow());
  fetchers = [];
  const there = () => fetchers.filter(({ isThere }) => isThere);
  const sendControl = (agent: string, control: Control) => {
    const fetcher = there().find((one) => one.agent === agent);
    if (control.kind !== "fetch" || !fetcher) return;
    for (const order of control.jobs) {
      fetcher.orders.push(order);
      const told = fetcher.react(order);
      const { engine: of, set, job } = order;
      const begun = {
        engine: of,
        set,
        job,
        state: "WAITING",
        reason: null,
        until: null,
        bytes: 0,
        total: 0,
        checkedAt: null,
      } as const;
      if (told) fetcher.jobs.set(`${of} ${set}`, { ...begun, checkedAt: new Date().toISOString(), ...told });
    }
  };
  const presences = () =>
    there().map(({ agent, state, sources, jobs }) => ({
      ...PRESENCE,
      agent,
      state,
      fetches: { sources, jobs: [...jobs.values()] },
    }));
  context = {
    db,
    metrics,
    log: pino({ level: "silent" }),
    config: { publicUrl: undefined },
    fleet: { presences } as unknown as FetchContext["fleet"],
    bus: { account: () => ({ sendControl }) } as unknown as FetchContext["bus"],
  };
});

function add(agent: string, changes: Partial<FakeFetcher> = {}): FakeFetcher {
  const fetcher: FakeFetcher = {
    agent,
    orders: [],
    jobs: new Map(),
    react: () => ({ state: "DONE" }),
    isThere: true,
    state: "READY",
    sources: [{ engine, set: "main" }],
    ...changes,
  };
  fetchers.push(fetcher);
  return fetcher;
}

async function sweep(times = 2): Promise<void> {
  for (let i = 0; i < times; i += 1) await fetchUpdates(context);
}

const row = async (set = "main") =>
  db.selectFrom("fetch_jobs").selectAll().where("engine_id", "=", engineId).where("set_name", "=", set).executeTakeFirstOrThrow();

/** Has the times of the job lie that much further back. */
async function age(ms: number): Promise<void> {
  const { asked_at: asked, heard_at: heard, next_at: next } = await row();
  const earlier = (date: Date | null) => date && new Date(date.getTime() - ms);
  await db
    .updateTable("fetch_jobs")
    .set({ asked_at: earlier(asked) ?? asked, heard_at: earlier(heard), next_at: earlier(next) ?? next })
    .where("engine_id", "=", engineId)
    .execute();
}

const hoursTo = (date: Date | null) => Math.round(((date?.getTime() ?? 0) - Date.now()) / HOUR);

describe("a source", () => {
  it("is looked at by one fetcher, whatever many fetchers and gateways there are, and again twelve hours later", async () => {
    const all = ["f1", "f2", "f3"].map((agent) => add(agent));
    await Promise.all([fetchUpdates(context), fetchUpdates(context), fetchUpdates(context)]);
    await sweep();
    const orders = all.flatMap((one) => one.orders);
    const job = expect.any(String) as string;
    expect(orders).toEqual([
      { engine, set: "main", job, url: expect.stringMatching(/^\/bundles\/[\w-]{32}$/) as string, known: [] },
    ]);
    expect(await row()).toMatchObject({ state: "DONE", agent: "f1", failures_in_a_row: 0, reason: null });
    expect(hoursTo((await row()).next_at)).toBe(12);
    await age(12 * HOUR + 60_000);
    await sweep();
    expect(all.map((one) => one.orders.length)).toEqual([2, 0, 0]);
    const uploads = await db.selectFrom("bundle_uploads").select(["job", "source"]).where("engine_id", "=", engineId).execute();
    const second = all[0]?.orders[1]?.job;
    expect(uploads).toEqual([{ job: second, source: "fetched by f1" }]);
  });

  it("has the schedule of its manifest, and before that the one that somebody has set", async () => {
    add("f1", {
      sources: [
        { engine: engine.toUpperCase(), set: "main", everyMs: 6 * HOUR },
        { engine, set: "other", everyMs: 6 * HOUR },
      ],
    });
    await db.transaction().execute((tx) => changePolicy(tx, engineId, "other", { checkEveryMs: 24 * HOUR }));
    await sweep();
    expect([hoursTo((await row()).next_at), hoursTo((await row("other")).next_at)]).toEqual([6, 24]);
  });

  it("is looked at only where its engine is known and on", async () => {
    const fetcher = add("f1", {
      sources: [
        { engine: "Nobody", set: "main" },
        { engine, set: "main" },
      ],
    });
    await db.updateTable("engines").set({ enabled: false }).where("id", "=", engineId).execute();
    await sweep();
    expect(fetcher.orders).toEqual([]);
    await db.updateTable("engines").set({ enabled: true }).where("id", "=", engineId).execute();
    await sweep();
    expect(fetcher.orders).toHaveLength(1);
  });

  it("that refuses is not asked before its time, also when somebody wants it at once and by another fetcher", async () => {
    const until = new Date(Date.now() + 24 * HOUR).toISOString();
    const first = add("f1", { react: () => ({ state: "BLOCKED", reason: "refused (403)", until }) });
    await sweep();
    expect(await row()).toMatchObject({
      state: "BLOCKED",
      reason: "refused (403)",
      failures_in_a_row: 1,
      blocked_until: new Date(until),
    });
    first.isThere = false;
    const second = add("f2");
    await checkSourcesNow(db, { engineIds: [engineId], set: undefined, offered: [] });
    await sweep();
    expect(second.orders).toEqual([]);
    await db.updateTable("fetch_jobs").set({ blocked_until: new Date(), next_at: new Date() }).execute();
    await sweep();
    expect(second.orders).toHaveLength(1);
    expect(await row()).toMatchObject({ state: "DONE", blocked_until: null, failures_in_a_row: 0 });
  });

  it("that fails is asked again after an hour, then after twice as long, by another fetcher if there is one", async () => {
    const all = ["f1", "f2"].map((agent) => add(agent, { react: () => ({ state: "FAILED", reason: "half a file" }) }));
    const pauses: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      await sweep();
      pauses.push(hoursTo((await row()).next_at));
      await age(13 * HOUR);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 12]);
    expect(all.map((one) => one.orders.length)).toEqual([3, 2]);
    const text = await metrics.registry.metrics();
    expect(text).toContain(`scanmesh_fetch_checks_total{engine="${engine}",set="main",outcome="FAILED"} 5`);
    expect(text).toContain(`scanmesh_fetch_failures_in_a_row{engine="${engine}",set="main"} 5`);
  });
});

describe("a fetcher", () => {
  it("that has not heard its order is told again, of the same look", async () => {
    const fetcher = add("f1", { react: () => undefined });
    await sweep(3);
    expect(fetcher.orders).toHaveLength(1);
    await age(6_000);
    fetcher.react = () => ({ state: "FETCHING" });
    await sweep();
    expect(new Set(fetcher.orders.map(({ job }) => job)).size).toBe(1);
    expect(fetcher.orders).toHaveLength(2);
    expect(await row()).toMatchObject({ state: "FETCHING", agent: "f1" });
  });

  it("that vanishes has its look taken over by another, and else it waits for one", async () => {
    const first = add("f1", { react: () => ({ state: "FETCHING" }) });
    const second = add("f2", { state: "DRAINING" });
    await sweep();
    first.isThere = false;
    await sweep();
    expect(await row()).toMatchObject({ agent: "f1", state: "FETCHING" });
    await age(120_000);
    await sweep();
    expect(await row()).toMatchObject({
      agent: null,
      state: "WAITING",
      reason: "The fetcher f1 has vanished, and there is no other.",
    });
    second.state = "READY";
    await sweep();
    expect(await row()).toMatchObject({ agent: "f2", state: "DONE", reason: null });
    expect(second.orders[0]?.job).not.toBe(first.orders[0]?.job);
    // What the first says of its look when it is back counts no more.
    first.isThere = true;
    first.jobs.set(`${engine} main`, { ...[...first.jobs.values()][0], state: "FAILED", reason: "late" } as FetchJob);
    await sweep();
    expect(await row()).toMatchObject({ state: "DONE", reason: null });
  });

  it("that never ends is given up", async () => {
    add("f1", { react: () => ({ state: "UPLOADING" }) });
    await sweep();
    await age(7 * HOUR);
    await sweep(1);
    expect(await row()).toMatchObject({ state: "FAILED", reason: expect.stringContaining("given up") as string });
  });

  it("is told which files the newest bundle has", async () => {
    const fetcher = add("f1");
    const hash = "a".repeat(64);
    const { id } = await db
      .insertInto("bundles")
      .values({
        engine_id: engineId,
        set_name: "main",
        sequence: 1,
        kind: "FILES",
        digest: randomUUID(),
        signature: Buffer.alloc(1),
        version: null,
        size: 1,
        source: "test",
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    await db.insertInto("bundle_files").values({ bundle_id: id, path: "a", sha256: hash, size: 1 }).execute();
    await sweep();
    expect(fetcher.orders).toMatchObject([{ known: [hash] }]);
  });
});

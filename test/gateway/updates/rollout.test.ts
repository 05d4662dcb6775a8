import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCaller } from "../../../gateway/caller.js";
import type { Database } from "../../../gateway/db/database.js";
import { readUpdateHosts } from "../../../gateway/db/engine-update-hosts.js";
import { listUpdates, OPEN_STATES, type UpdateRecord } from "../../../gateway/db/engine-updates.js";
import { pauseUpdates, resumeUpdates } from "../../../gateway/updates/policies.js";
import { rollbackEngine, skipCanary } from "../../../gateway/updates/steer-updates.js";
import { updateEngines } from "../../../gateway/updates/update-engines.js";
import { openTestDatabase } from "../../stage/database.js";
import { createFakeMesh, fail, linger, type FakeMesh } from "./fake-hosts.js";

const TESTER = openCaller("127.0.0.1", "test");
let db: Database;
let close: () => Promise<void>;
let mesh: FakeMesh;

beforeAll(async () => void ({ db, close } = await openTestDatabase()));
afterAll(() => close());
beforeEach(async () => void (mesh = await createFakeMesh(db)));

// The next test's sweeps have nothing to do with this one's updates.
afterEach(async () => {
  await db.updateTable("engine_updates").set({ state: "CANCELLED" }).where("state", "in", OPEN_STATES).execute();
});

async function last(): Promise<UpdateRecord> {
  const [update] = await listUpdates(db, { engine: mesh.engine }, { limit: 1 });
  if (!update) throw new Error("there is no update");
  return update;
}

const start = (options: { skipCanary?: boolean; digest?: string } = {}) =>
  updateEngines(mesh.context, TESTER, {
    engines: [mesh.engine],
    set: undefined,
    digest: options.digest,
    skipCanary: options.skipCanary ?? false,
  });

const hosts = (n: number) => Array.from({ length: n }, (_, i) => mesh.add(`h${i + 1}`));
const names = (n: number) => Array.from({ length: n }, (_, i) => `h${i + 1}`);

/** Has the mesh serve a first bundle. */
async function served(count: number): Promise<string> {
  hosts(count);
  const digest = await mesh.publish();
  await start({ skipCanary: true });
  await mesh.sweep(8);
  expect((await last()).state).toBe("DONE");
  return digest;
}

/** Lets the canary be good enough: its time is over. */
async function endCanary(): Promise<void> {
  await db
    .updateTable("engine_updates")
    .set({ canary_since: new Date(Date.now() - 7_200_000) })
    .where("engine_id", "=", mesh.engineId)
    .where("canary_since", "is not", null)
    .execute();
}

async function age(column: "gone_since" | "unwell_since" | "changed_at"): Promise<void> {
  const { id } = await last();
  await db
    .updateTable("engine_update_hosts")
    .set({ [column]: new Date(Date.now() - 7_200_000) })
    .where("update_id", "=", id)
    .where(column, "is not", null)
    .execute();
}

describe("an update that goes well", () => {
  it("comes to one host, then to the others, four at once and never to more than half of them", async () => {
    hosts(12);
    const digest = await mesh.publish();
    const { updates } = await start();
    expect(updates).toMatchObject([{ engine: mesh.engine, set: "main", state: "PENDING", fromBundle: null }]);
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "CANARY", canary: mesh.host("h1").agent, toBundle: { digest } });
    expect(new Set(mesh.told.map(({ agent }) => agent))).toEqual(new Set([mesh.host("h1").agent]));
    for (const name of names(12)) mesh.host(name).reactions.set(digest, linger("FETCHING"));
    await endCanary();
    await mesh.sweep(4);
    expect((await last()).state).toBe("ROLLING");
    expect(new Set(mesh.told.map(({ agent }) => agent)).size).toBe(5);
    for (const name of names(12)) {
      const host = mesh.host(name);
      host.reactions.clear();
      if (host.bundles?.state === "FETCHING")
        host.bundles = { ...host.bundles, state: "SERVING", serving: host.bundles.target ?? [] };
    }
    await mesh.sweep(8);
    expect(await last()).toMatchObject({ state: "DONE", reason: null });
    expect(names(12).map(mesh.served)).toEqual(names(12).map(() => digest));
  });

  it("has one host change at a time where there are two or three", async () => {
    const digest = await served(3);
    const next = await mesh.publish();
    for (const name of names(3)) mesh.host(name).reactions.set(next, linger("TESTING"));
    await start({ skipCanary: true });
    await mesh.sweep(3);
    expect(names(3).filter((name) => mesh.host(name).bundles?.state === "TESTING")).toHaveLength(1);
    expect(mesh.served("h2")).toBe(digest);
  });

  it("leaves hosts alone that take no bundles, and gives new ones what the engine serves", async () => {
    const digest = await served(2);
    mesh.add("old", { bundles: undefined });
    mesh.add("new");
    await mesh.sweep();
    expect(mesh.served("new")).toBe(digest);
    expect(mesh.told.some(({ agent }) => agent === mesh.host("old").agent)).toBe(false);
  });

  it("tells a host again that has lost its order, and one that was started anew", async () => {
    const digest = await served(1);
    const host = mesh.host("h1");
    host.bundles = { serving: [], target: null, state: "SERVING", reason: null, bytes: 0, total: 0, since: null };
    await mesh.sweep();
    expect(mesh.served("h1")).toBe(digest);
    const count = mesh.told.length;
    await mesh.sweep(3);
    expect(mesh.told).toHaveLength(count);
  });
});

describe("an update that goes wrong", () => {
  it.each(["EICAR is not found", "flags clean files", "no room on the disk", "sha256 of main.cvd differs", "did not start"])(
    "is rolled back by itself on all hosts: %s",
    async (reason) => {
      const digest = await served(5);
      const bad = await mesh.publish({ fetched: true });
      mesh.host("h1").reactions.set(bad, fail(reason));
      await mesh.sweep(4);
      expect(await last()).toMatchObject({
        state: "ROLLED_BACK",
        reason: expect.stringContaining(reason) as string,
        cause: "FETCHED",
      });
      expect(names(5).map(mesh.served)).toEqual(names(5).map(() => digest));
      expect(mesh.told.filter(({ bundles }) => bundles.some((one) => one.digest === bad))).toHaveLength(1);
      const { id } = await last();
      await mesh.sweep(3);
      expect((await last()).id, "a bundle that was given up is not begun again by itself").toBe(id);
      expect((await start()).refused).toMatchObject([{ refusal: "ROLLED_BACK_BEFORE" }]);
      expect((await start({ digest: bad })).updates).toHaveLength(1);
    },
  );

  it("brings back hosts that served the new bundle already", async () => {
    const digest = await served(9);
    const bad = await mesh.publish();
    mesh.host("h7").reactions.set(bad, fail("the memory is full"));
    await start({ skipCanary: true });
    await mesh.sweep(10);
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("the memory is full") as string });
    expect(mesh.told.filter(({ bundles }) => bundles.some((one) => one.digest === bad)).length).toBeGreaterThan(4);
    expect(names(9).map(mesh.served)).toEqual(names(9).map(() => digest));
  });

  it("is rolled back when an engine is not well with it, does not come further, or ends its agent again and again", async () => {
    const digest = await served(1);
    const host = mesh.host("h1");
    await mesh.publish();
    await start();
    await mesh.sweep(3);
    host.healthy = false;
    await mesh.sweep();
    await age("unwell_since");
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("not well") as string });
    host.healthy = true;

    const slow = await mesh.publish();
    host.reactions.set(slow, linger("FETCHING"));
    await start();
    await mesh.sweep(3);
    await age("changed_at");
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("within 30 minutes") as string });

    await mesh.publish();
    await start();
    for (let n = 0; n < 6; n += 1) {
      host.startedAt = new Date(Date.now() + n).toISOString();
      await mesh.sweep();
    }
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("has ended 3 times") as string });
    expect(mesh.served("h1")).toBe(digest);
  });

  it("goes to another first host when one vanishes, and back when a second does", async () => {
    const digest = await served(4);
    await mesh.publish({ fetched: true });
    for (const [first, second] of [
      ["h1", "h2"],
      ["h2", undefined],
    ] as const) {
      await mesh.sweep(3);
      expect(await last()).toMatchObject({ state: "CANARY", canary: mesh.host(first).agent });
      mesh.host(first).isThere = false;
      await mesh.sweep();
      await age("gone_since");
      await mesh.sweep(2);
      if (second === undefined)
        expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("went offline") as string });
    }
    for (const name of ["h1", "h2"]) mesh.host(name).isThere = true;
    await mesh.sweep(2);
    expect(names(4).map(mesh.served)).toEqual(names(4).map(() => digest));
  });

  it("does not wait for a host that vanishes later, which gets the bundle when it is back", async () => {
    await served(4);
    const next = await mesh.publish();
    mesh.host("h3").reactions.set(next, (_, host) => {
      host.isThere = false;
      return {};
    });
    await start({ skipCanary: true });
    await mesh.sweep(8);
    expect((await last()).state).toBe("ROLLING");
    await age("gone_since");
    await mesh.sweep(3);
    const update = await last();
    expect(update.state).toBe("DONE");
    const rows = await readUpdateHosts(db, [update.id]);
    expect(rows.find(({ agent }) => agent === mesh.host("h3").agent)).toMatchObject({ state: "GONE" });
    mesh.host("h3").isThere = true;
    mesh.host("h3").reactions.clear();
    mesh.host("h3").bundles = { serving: [], target: null, state: "SERVING", reason: null, bytes: 0, total: 0, since: null };
    await mesh.sweep();
    expect(mesh.served("h3")).toBe(next);
  });
});

describe("several gateways and several updates", () => {
  it("goes on in another gateway, and two at once do nothing twice", async () => {
    await served(6);
    const next = await mesh.publish();
    await start();
    await mesh.sweep(3);
    const told = mesh.told.length;
    await endCanary();
    await Promise.all(Array.from({ length: 4 }, () => mesh.sweep(6)));
    expect((await last()).state).toBe("DONE");
    expect(names(6).map(mesh.served)).toEqual(names(6).map(() => next));
    const rows = await readUpdateHosts(db, [(await last()).id]);
    expect(rows.map(({ state }) => state)).toEqual(names(6).map(() => "SERVING"));
    expect(mesh.told.length).toBeGreaterThan(told);
  });

  it("takes the place of one that waits or is held, and is refused while hosts change", async () => {
    await served(2);
    await pauseUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined }, null);
    await mesh.publish({ fetched: true });
    await mesh.sweep();
    const waiting = await last();
    expect(waiting).toMatchObject({ state: "PENDING" });
    expect((await start()).refused).toMatchObject([{ refusal: "PAUSED" }]);
    await mesh.publish({ fetched: true });
    await mesh.sweep();
    expect((await last()).id).not.toBe(waiting.id);
    await resumeUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined });
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "CANARY" });
    await mesh.publish();
    expect((await start()).refused).toMatchObject([{ refusal: "UNDERWAY" }]);
  });

  it("lets no further host follow while it is paused", async () => {
    await served(2);
    await mesh.publish();
    await start();
    await mesh.sweep(3);
    await pauseUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined }, null);
    await endCanary();
    await mesh.sweep(3);
    expect((await last()).state).toBe("CANARY");
    await resumeUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined });
    await mesh.sweep(6);
    expect((await last()).state).toBe("DONE");
  });

  it("begins what was fetched in its window alone, and what somebody asked for at any time", async () => {
    await served(1);
    const minute = new Date().getUTCHours() * 60 + new Date().getUTCMinutes();
    const window = { window_from: (minute + 120) % 1440, window_to: (minute + 180) % 1440 };
    await db
      .insertInto("update_policies")
      .values({ engine_id: mesh.engineId, set_name: "main", ...window })
      .execute();
    await mesh.publish({ fetched: true });
    await mesh.sweep(2);
    expect((await last()).state).toBe("PENDING");
    await start();
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "CANARY", cause: "ASKED" });
  });
});

describe("people steer", () => {
  it("a rollback goes to the bundle before, again and again, at last to what hosts give", async () => {
    const first = await served(3);
    const second = await mesh.publish();
    await start({ skipCanary: true });
    await mesh.sweep(6);
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => second));
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "DONE", cause: "ROLLBACK" });
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => first));
    expect((await start()).refused, "what was gone back from is not begun unnamed").toMatchObject([
      { refusal: "ROLLED_BACK_BEFORE" },
    ]);
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(6);
    expect(names(3).map((name) => mesh.host(name).bundles?.serving)).toEqual([[], [], []]);
    await expect(rollbackEngine(mesh.context, TESTER, mesh.engine, "main")).rejects.toThrow("nothing of main to go back to");
  });

  it("a rollback in the middle gives the update up", async () => {
    const first = await served(3);
    await mesh.publish();
    await start();
    await mesh.sweep(3);
    expect(await rollbackEngine(mesh.context, TESTER, mesh.engine, "main")).toMatchObject({
      state: "ROLLED_BACK",
      reason: "Somebody rolled it back.",
    });
    await mesh.sweep();
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => first));
  });

  it("the canary can be skipped while it waits", async () => {
    await served(3);
    const next = await mesh.publish();
    await start();
    await mesh.sweep(3);
    const { id } = await last();
    expect(await skipCanary(mesh.context, TESTER, id)).toMatchObject({ state: "ROLLING", skipCanary: true });
    await mesh.sweep(6);
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => next));
    await expect(skipCanary(mesh.context, TESTER, id)).rejects.toThrow("waits for no canary");
  });
});

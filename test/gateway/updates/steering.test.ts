import { describe, expect, it } from "vitest";
import { readUpdateHosts } from "../../../gateway/db/engine-update-hosts.js";
import { readUpdate } from "../../../gateway/db/engine-updates.js";
import { pauseUpdates, resumeUpdates, setUpdatePolicy } from "../../../gateway/updates/policies.js";
import { planUpdate } from "../../../gateway/updates/plan-update.js";
import { rollbackEngine, skipCanary } from "../../../gateway/updates/steer-updates.js";
import { fail, linger } from "./fake-hosts.js";
import { TESTER, age, db, endCanary, last, mesh, names, served, start, useUpdates } from "./update-stage.js";

useUpdates();

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
    expect(waiting).toMatchObject({ state: "PENDING", waitsFor: "its resumption: updates are paused" });
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
    await served(2);
    const minute = new Date().getUTCHours() * 60 + new Date().getUTCMinutes();
    const window = { window_from: (minute + 120) % 1440, window_to: (minute + 180) % 1440 };
    await db
      .insertInto("update_policies")
      .values({ engine_id: mesh.engineId, set_name: "main", ...window })
      .execute();
    await mesh.publish({ fetched: true });
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "PENDING", waitsFor: expect.stringMatching(/^its window, /) as string });
    await start();
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "CANARY", cause: "ASKED" });
  });
});

describe("people steer", () => {
  it("an older bundle that somebody chose stays until a newer one is fetched", async () => {
    const first = await served(2);
    await mesh.publish({ fetched: true });
    await mesh.sweep(3);
    await endCanary();
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "DONE", cause: "FETCHED" });
    await start({ digest: first, skipCanary: true });
    await mesh.sweep(8);
    expect(await last()).toMatchObject({ state: "DONE", cause: "ASKED" });
    expect(names(2).map(mesh.served)).toEqual([first, first]);
    const next = await mesh.publish({ fetched: true });
    await mesh.sweep();
    expect(await last()).toMatchObject({ cause: "FETCHED", toBundle: { digest: next } });
  });

  it("what was fetched does not begin once that is turned off", async () => {
    await served(2);
    await pauseUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined }, null);
    await mesh.publish({ fetched: true });
    await mesh.sweep();
    const turn = (automatic: boolean) => setUpdatePolicy(mesh.context, TESTER, { engine: mesh.engine, set: "main", automatic });
    await turn(false);
    await resumeUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined });
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "PENDING", cause: "FETCHED" });
    await turn(true);
    await mesh.sweep(2);
    expect((await last()).state).toBe("CANARY");
  });

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

  it("a rollback goes on past a host that fails with it or does not come further", async () => {
    const first = await served(5);
    const second = await mesh.publish();
    await start({ skipCanary: true });
    await mesh.sweep(6);
    mesh.host("h1").reactions.set(first, fail("no room on the disk"));
    mesh.host("h2").reactions.set(first, linger("FETCHING"));
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(3);
    await age("changed_at");
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "DONE", cause: "ROLLBACK" });
    expect(names(5).map(mesh.served)).toEqual([second, second, first, first, first]);
    const rows = await readUpdateHosts(db, [(await last()).id]);
    expect(rows[0]).toMatchObject({ state: "FAILED", reason: "no room on the disk" });
  });

  it("a rollback does not wait for the canary of another set, which begins anew", async () => {
    const first = await served(3);
    await mesh.publish();
    await start({ skipCanary: true });
    await mesh.sweep(6);
    const other = await mesh.publish({ set: "other" });
    await start({ digest: other });
    await mesh.sweep(3);
    const canary = await last();
    expect(canary.state).toBe("CANARY");
    await pauseUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined }, null);
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(8);
    expect(await last()).toMatchObject({ state: "DONE", cause: "ROLLBACK" });
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => first));
    expect(await readUpdate(db, canary.id)).toMatchObject({ state: "PENDING", canary: null });
    await resumeUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined });
    await mesh.sweep(4);
    expect(await readUpdate(db, canary.id)).toMatchObject({ state: "CANARY" });
  });

  it("a rollback does not wait for another set whose hosts stand still, which goes on after it", async () => {
    const first = await served(3);
    await mesh.publish();
    await start({ skipCanary: true });
    await mesh.sweep(6);
    const other = await mesh.publish({ set: "other" });
    await start({ digest: other, skipCanary: true });
    await mesh.sweep(2);
    await pauseUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined }, null);
    await mesh.sweep(2);
    const rolling = await last();
    expect(rolling).toMatchObject({ state: "ROLLING", waitsFor: "its resumption: updates are paused" });
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(8);
    expect(await last()).toMatchObject({ state: "DONE", cause: "ROLLBACK" });
    expect(names(3).map(mesh.served)).toEqual(names(3).map(() => first));
    await resumeUpdates(mesh.context, TESTER, { engines: [mesh.engine], set: undefined });
    await mesh.sweep(8);
    expect(await readUpdate(db, rolling.id)).toMatchObject({ state: "DONE", waitsFor: null });
  });

  it("restarts of its first host do not count while an update is held", async () => {
    await served(2);
    await mesh.publish();
    await start();
    await mesh.sweep(4);
    const { id } = await last();
    await db.updateTable("engine_updates").set({ state: "HELD", reason: "It differs." }).where("id", "=", id).execute();
    for (let n = 0; n < 6; n += 1) {
      mesh.host("h1").startedAt = new Date(Date.now() + n).toISOString();
      await mesh.sweep();
    }
    expect(await last()).toMatchObject({ id, state: "HELD" });
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

  it("no update is planned to a bundle whose files were removed meanwhile", async () => {
    const first = await served(1);
    const { id: bundleId } = (await last()).toBundle ?? { id: 0 };
    await db.updateTable("bundles").set({ removed_at: new Date() }).where("digest", "=", first).execute();
    const wanted = { engineId: mesh.engineId, set: "main", bundleId, cause: "ASKED", skipCanary: true } as const;
    await expect(db.transaction().execute((tx) => planUpdate(tx, wanted))).rejects.toThrow("files are gone");
    mesh.add("new");
    await mesh.sweep();
    expect(mesh.told.some(({ agent }) => agent === mesh.host("new").agent)).toBe(false);
  });

  it("a rollback gives up a first update that waits", async () => {
    await mesh.publish({ fetched: true });
    await mesh.sweep();
    expect((await last()).state).toBe("PENDING");
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    const { id, state } = await last();
    expect(state).toBe("ROLLED_BACK");
    await mesh.sweep();
    expect((await last()).id).toBe(id);
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

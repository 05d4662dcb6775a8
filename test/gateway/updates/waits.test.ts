import { describe, expect, it } from "vitest";
import { listUpdates } from "../../../gateway/db/engine-updates.js";
import { rollbackEngine } from "../../../gateway/updates/steer-updates.js";
import { updateEngines } from "../../../gateway/updates/update-engines.js";
import { readUpdateSets } from "../../../gateway/updates/update-sets.js";
import { setAgentUpdateWindow } from "../../../gateway/updates/windows.js";
import { createFakeMesh, linger } from "./fake-hosts.js";
import { TESTER, age, db, endCanary, hosts, last, mesh, names, served, start, useUpdates } from "./update-stage.js";

useUpdates();

describe("what an update waits for", () => {
  it("with one host there is nobody to wait for: it is done as soon as that has tested and serves it", async () => {
    hosts(1);
    const digest = await mesh.publish();
    mesh.host("h1").reactions.set(digest, linger("TESTING"));
    await start();
    await mesh.sweep(4);
    expect((await last()).state).toBe("CANARY");
    const host = mesh.host("h1");
    host.bundles = host.bundles && { ...host.bundles, state: "SERVING", serving: host.bundles.target ?? [] };
    await mesh.sweep(3);
    expect(await last()).toMatchObject({ state: "DONE", evidence: { now: { answers: 0 } }, waitsFor: null });
  });

  it("a host that is away for a moment, or was not heard yet, is one to wait for", async () => {
    hosts(2);
    await mesh.publish();
    await start();
    await mesh.sweep(2);
    mesh.host("h2").isThere = false;
    await mesh.sweep(3);
    expect((await last()).state).toBe("CANARY");
    await age("gone_since");
    mesh.upMs = 1_000;
    await mesh.sweep(3);
    expect((await last()).state).toBe("CANARY");
    mesh.upMs = 3_600_000;
    await mesh.sweep(4);
    expect((await last()).state).toBe("DONE");
  });

  it("says how many scans of its first host, and until when; then nothing", async () => {
    await served(2);
    await mesh.publish();
    await start();
    await mesh.sweep(4);
    const { waitsFor, waitsUntil, canarySince } = await last();
    expect(waitsFor).toBe(`50 scans of ${mesh.host("h1").agent}, of which there are 0`);
    expect(waitsUntil?.getTime()).toBe((canarySince?.getTime() ?? 0) + mesh.context.config.canaryWaitMs);
    await endCanary();
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "DONE", waitsFor: null, waitsUntil: null });
  });

  it("the first host is one that was it longest ago, and stays the first of its update", async () => {
    await served(3);
    const first: (string | null)[] = [];
    for (let n = 0; n < 4; n += 1) {
      await mesh.publish();
      await start();
      await mesh.sweep(4);
      const { canary } = await last();
      first.push(canary);
      await mesh.sweep(2);
      expect((await last()).canary).toBe(canary);
      await endCanary();
      await mesh.sweep(6);
    }
    expect(first).toEqual(["h1", "h2", "h3", "h1"].map((name) => mesh.host(name).agent));
  });

  it("hosts follow in their update windows alone, and go back at any time", async () => {
    const before = await served(3);
    const minute = new Date().getUTCHours() * 60 + new Date().getUTCMinutes();
    const closed = { windowFrom: (minute + 120) % 1440, windowTo: (minute + 180) % 1440 };
    const set = (name: string, window: { windowFrom: number | null; windowTo: number | null }) =>
      setAgentUpdateWindow(mesh.context, TESTER, mesh.host(name).agent, window);
    for (const name of names(3)) await set(name, closed);
    const next = await mesh.publish();
    await start();
    await mesh.sweep(3);
    expect(await last()).toMatchObject({
      state: "CANARY",
      canary: null,
      waitsFor: expect.stringMatching(/^the update window of \S+h1 \(\d\d:\d\d to \d\d:\d\d UTC\), .*h3/) as string,
    });
    await set("h2", { windowFrom: (minute + 1380) % 1440, windowTo: (minute + 60) % 1440 });
    await mesh.sweep(3);
    expect((await last()).canary).toBe(mesh.host("h2").agent);
    await set("h1", { windowFrom: null, windowTo: null });
    await endCanary();
    await mesh.sweep(6);
    expect(names(3).map(mesh.served)).toEqual([next, next, before]);
    expect(await last()).toMatchObject({ state: "ROLLING", waitsFor: expect.stringContaining("h3") as string });
    await set("h2", closed);
    await rollbackEngine(mesh.context, TESTER, mesh.engine, "main");
    await mesh.sweep(2);
    expect(names(3).map(mesh.served)).toEqual([before, before, before]);
    await expect(set("h1", { windowFrom: 5, windowTo: null })).rejects.toThrow("needs both of its ends");
    await expect(set("h1", { windowFrom: 5, windowTo: 5 })).rejects.toThrow("must differ");
    await expect(setAgentUpdateWindow(mesh.context, TESTER, "nobody", { windowFrom: null, windowTo: null })).rejects.toThrow(
      "there is no agent nobody",
    );
  });

  it("hosts that fetch for other engines count: all share one bus", async () => {
    const [one, other] = [mesh, await createFakeMesh(db)];
    for (const [engine, n] of [
      [one, 8],
      [other, 8],
    ] as const) {
      for (const name of names(n)) engine.add(name);
      const digest = await engine.publish();
      for (const name of names(n)) engine.host(name).reactions.set(digest, linger("FETCHING"));
      await updateEngines(engine.context, TESTER, {
        engines: [engine.engine],
        set: undefined,
        digest: undefined,
        skipCanary: true,
      });
    }
    await one.sweep(4);
    expect(one.told).toHaveLength(4);
    // The sweep of a gateway goes on with every update; each knows the hosts of its own engine alone here.
    await other.sweep(4);
    expect(other.told).toHaveLength(0);
    const [waiting] = await listUpdates(db, { engine: other.engine }, { limit: 1 });
    expect(waiting?.waitsFor).toContain("hosts that fetch for other updates");
  });
});

it("what serves and the update that brought it are shown as they are at one moment", async () => {
  hosts(2);
  const digest = await mesh.publish();
  await start();
  await mesh.sweep(2);
  const { id } = await last();
  const show = async (from: typeof db) => {
    const sets = await readUpdateSets({ db: from, fleet: mesh.context.fleet });
    return sets.find(({ engine }) => engine === mesh.engine);
  };
  let read = 0;
  const interrupted = db.withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      // Once it has read which updates are not over.
      if ((read += 1) === 2) await db.updateTable("engine_updates").set({ state: "DONE" }).where("id", "=", id).execute();
      return result;
    },
  });
  expect(await show(interrupted)).toMatchObject({ update: { id, state: "CANARY" }, serves: null });
  expect(read).toBeGreaterThan(2);
  expect(await show(db)).toMatchObject({ update: null, serves: { digest } });
});

import { describe, expect, it } from "vitest";
import { readUpdateHosts } from "../../../gateway/db/engine-update-hosts.js";
import type { UpdateContext } from "../../../gateway/updates/context.js";
import { continueUpdates } from "../../../gateway/updates/rollout.js";
import { fail, linger } from "./fake-hosts.js";
import { age, db, endCanary, hosts, last, mesh, names, served, start, useUpdates } from "./update-stage.js";

useUpdates();

/** Looks of updates at the hosts fail, those for orders do not. */
const failing = (fleet: UpdateContext["fleet"]): UpdateContext["fleet"] => ({
  ...fleet,
  agents: () => {
    throw new Error("the agents cannot be read");
  },
});

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
    const strange = { set: "other", digest: "d".repeat(64) };
    const before = host.bundles?.serving ?? [];
    host.bundles = { ...host.bundles, serving: [...before, strange], target: null };
    await mesh.sweep();
    expect(host.bundles?.serving, "what it served before it was started is not ordered any more").toEqual(before);
    mesh.add("idle", { bundles: { ...host.bundles, serving: [strange], target: null } });
    await mesh.sweep();
    expect(mesh.served("idle")).toBe(digest);
    const count = mesh.told.length;
    await mesh.sweep(3);
    expect(mesh.told).toHaveLength(count);
  });
});

describe("an update that goes wrong", () => {
  it("holds up neither others nor the orders of hosts when its step throws", async () => {
    const first = await served(2);
    await mesh.publish();
    await start();
    await mesh.sweep(2);
    const context = { ...mesh.context, fleet: failing(mesh.context.fleet) };
    mesh.add("new");
    await continueUpdates(context);
    expect(mesh.served("new")).toBe(first);
    await mesh.sweep(3);
    await endCanary();
    await mesh.sweep(6);
    expect((await last()).state).toBe("DONE");
  });

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
    const digest = await served(2);
    let host = mesh.host("h1");
    await mesh.publish();
    await start();
    await mesh.sweep(3);
    host.healthy = false;
    await mesh.sweep();
    await age("unwell_since");
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("not well") as string });
    host.healthy = true;

    // Whose turn as the first host is longest ago has it.
    host = mesh.host("h2");
    const slow = await mesh.publish();
    host.reactions.set(slow, linger("FETCHING"));
    await start();
    await mesh.sweep(3);
    await age("changed_at");
    await mesh.sweep(2);
    expect(await last()).toMatchObject({ state: "ROLLED_BACK", reason: expect.stringContaining("within 30 minutes") as string });

    host = mesh.host("h1");
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

  it("judges no host while NATS is away, nor as soon as it is back", async () => {
    hosts(6);
    const next = await mesh.publish();
    for (const name of names(6)) mesh.host(name).reactions.set(next, linger("FETCHING"));
    await start({ skipCanary: true });
    await mesh.sweep(3);
    await age("changed_at");
    for (const name of names(6)) mesh.host(name).isThere = false;
    for (const upMs of [0, 1_000]) {
      mesh.upMs = upMs;
      await mesh.sweep();
      await age("gone_since");
      await mesh.sweep(2);
      expect((await last()).state).toBe("ROLLING");
    }
    for (const name of names(6)) {
      const host = mesh.host(name);
      host.isThere = true;
      host.reactions.clear();
      if (host.bundles?.target) host.bundles = { ...host.bundles, state: "SERVING", serving: host.bundles.target };
    }
    mesh.upMs = 3_600_000;
    await mesh.sweep(4);
    expect(names(6).map(mesh.served)).toEqual(names(6).map(() => next));
    expect((await last()).state).toBe("DONE");
  });

  it("goes on when hosts that have served it for a while are switched off", async () => {
    hosts(12);
    const next = await mesh.publish();
    for (const name of ["h7", "h8", "h9"]) mesh.host(name).reactions.set(next, linger("FETCHING"));
    await start({ skipCanary: true });
    await mesh.sweep(8);
    const off = names(12)
      .filter((name) => mesh.served(name) === next)
      .slice(0, 5);
    expect(off).toHaveLength(5);
    for (const name of off) mesh.host(name).isThere = false;
    await mesh.sweep();
    await db
      .updateTable("engine_update_hosts")
      .set({ changed_at: new Date(Date.now() - 7_200_000), gone_since: new Date(Date.now() - 600_000) })
      .where("update_id", "=", (await last()).id)
      .where("gone_since", "is not", null)
      .execute();
    for (const name of ["h7", "h8", "h9"]) {
      const host = mesh.host(name);
      host.reactions.clear();
      if (host.bundles?.target) host.bundles = { ...host.bundles, state: "SERVING", serving: host.bundles.target };
    }
    await mesh.sweep(6);
    expect(await last()).toMatchObject({ state: "DONE", reason: null });
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

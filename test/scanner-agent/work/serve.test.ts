import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withLock } from "../../../scanner-agent/bundles/lock.js";
import { Unavailable } from "../../../scanner-agent/contract.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { encodeMessage } from "../../../schema/messages.js";
import { controlSubject } from "../../../schema/subjects.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { orderBundles, untilBundles } from "../stage/ordered-bundles.js";
import { gate } from "../stage/puppet-engine.js";
import { taker } from "../stage/taker.js";
import { takersOnBus } from "../stage/taker-agents.js";

let stage: BusStage;
let folder: string;
const { agentWith, bundle, untilReason } = takersOnBus((given) => ({ stage, folder } = given));

describe("an agent that is to serve bundles", () => {
  test("fetches them, tries them out and serves them; what is told again changes nothing; without any it serves the host's", async () => {
    const engine = taker();
    const agent = await agentWith(engine);
    expect((await agent.reach("SERVING", [])).bundles).toMatchObject({ target: null, reason: null });
    expect((await agent.scan()).versions.signatures).toBe("host");
    const [first, second] = [await bundle(engine.name, "first"), await bundle(engine.name, "second")];
    for (let told = 0; told < 3; told++) agent.order(first);
    const serving = await agent.reach("SERVING", first);
    expect(serving).toMatchObject({ versions: { signatures: "first" }, bundles: { target: first, bytes: 16, total: 16 } });
    expect((await agent.scan()).versions.signatures).toBe("first");
    agent.order(second);
    await agent.reach("SERVING", second);
    agent.order([]);
    expect(await agent.reach("SERVING", [])).toMatchObject({ versions: { signatures: "host" }, bundles: { target: [] } });
    const starts = engine.calls.filter((call) => call.startsWith("start"));
    expect(starts).toEqual(["start host", "start first", "start second", "start host"]);
  });

  test("says why it keeps what it serves, and does not try the same again before another order", async () => {
    const engine = taker((own) => (own === "broken" ? Promise.reject(new Unavailable("it is broken")) : Promise.resolve()));
    const agent = await agentWith(engine);
    const [good, broken] = [await bundle(engine.name, "good"), await bundle(engine.name, "broken")];
    const missing: ServedBundles = [{ set: "main", digest: "0".repeat(64) }];
    agent.order(good);
    await agent.reach("SERVING", good);
    agent.order(broken);
    expect((await agent.reach("FAILED", good)).bundles).toMatchObject({ target: broken, reason: "it is broken" });
    agent.order(broken);
    agent.order(missing);
    const lacking = await until("it has looked", async () => {
      const { bundles } = await agent.reach("FAILED", good);
      return JSON.stringify(bundles.target) === JSON.stringify(missing) && bundles;
    });
    expect(lacking.reason).toBe(`the mesh has no bundle ${missing[0]?.digest}`);
    expect(engine.calls.filter((call) => call === "start broken")).toHaveLength(1);
    expect((await agent.scan()).versions.signatures).toBe("good");
  });

  test("goes back although it cannot write that down", async () => {
    const engine = taker();
    const agent = await agentWith(engine);
    const served = await bundle(engine.name, "served");
    agent.order(served);
    await agent.reach("SERVING", served);
    await rm(join(folder, "agents"), { recursive: true });
    await writeFile(join(folder, "agents"), "no folder");
    agent.order([]);
    await agent.reach("SERVING", []);
    expect((await agent.scan()).versions.signatures).toBe("host");
  });

  test("gives up what is under way for a newer order", async () => {
    const held = gate();
    const engine = taker((own) => (own === "slow" ? held.opened : Promise.resolve()));
    const agent = await agentWith(engine);
    const [slow, quick] = [await bundle(engine.name, "slow"), await bundle(engine.name, "quick")];
    agent.order(slow);
    await agent.reach("TESTING", []);
    agent.order(quick);
    held.open();
    await agent.reach("SERVING", quick);
    expect(engine.calls).toContain("stop slow");
  });

  test("has a second instance beside the first only with memory for it, and stops the first before otherwise", async () => {
    const held = gate();
    const engine = taker((own) => (own === "two" ? held.opened : Promise.resolve()), { memory: "2GiB" });
    let free = 3 * 1024 ** 3;
    const agent = await agentWith(engine, () => free);
    const [one, two] = [await bundle(engine.name, "one"), await bundle(engine.name, "two")];
    agent.order(one);
    await agent.reach("SERVING", one);
    await until("the first is stopped", async () => engine.calls.includes("stop host"));
    expect(engine.calls.indexOf("start one")).toBeLessThan(engine.calls.indexOf("stop host"));
    free = 1024 ** 3;
    agent.order(two, "BESIDE");
    expect((await agent.reach("FAILED", one)).bundles.reason).toMatch(/needs 2 GiB of memory, and 1 GiB are free/);
    agent.order(two);
    await until("the second is started", async () => engine.calls.includes("start two"));
    const queued = await agent.queue();
    held.open();
    await agent.reach("SERVING", two);
    expect(engine.calls.slice(-2)).toEqual(["stop one", "start two"]);
    expect((await queued.answer()).versions.signatures, "it was queued before").toBe("two");
  });
});

describe("an agent that is to serve bundles, in the way of others", () => {
  test("tries out one engine after the other where the memory is for one more", async () => {
    const held = gate();
    const one = taker((own) => (own === "new" ? held.opened : Promise.resolve()), { memory: "2GiB" });
    const other = taker(undefined, { memory: "2GiB" });
    const agent = await agentWith(one, () => 3 * 1024 ** 3, {}, [other]);
    const [first, second] = [await bundle(one.name, "new"), await bundle(other.name, "new")];
    await agent.reach("SERVING", []);
    agent.order(first);
    await agent.reach("TESTING", []);
    orderBundles(stage, agent.id, other.name, second);
    await untilReason(agent.id, other.name, "the memory for a second one is needed by another engine's update");
    held.open();
    await agent.reach("SERVING", first);
    await untilBundles(stage, agent.id, other.name, { state: "SERVING", serving: second });
    expect(other.calls, "beside").toEqual(["start host", "start new", "stop host"]);
  });

  test("waits with an engine that is turned off meanwhile, and tries it out once it is on again", async () => {
    const [locked, done] = [gate(), gate()];
    const engine = taker();
    const agent = await agentWith(engine);
    const served = await bundle(engine.name, "new");
    const lock = withLock(join(folder, "lock"), { signal: new AbortController().signal }, async () => {
      locked.open();
      await done.opened;
    });
    await locked.opened;
    agent.order(served);
    await agent.reach("WAITING", []);
    const tell = async (revision: number, enabled: boolean) => {
      const engines = [{ engine: engine.name, enabled }];
      stage.nc.publish(controlSubject(agent.id), encodeMessage({ v: 1, kind: "settings", revision, engines }));
      await until("it is set", async () => (await stage.presence(agent.id))?.settings?.revision === revision);
    };
    await tell(1, false);
    expect((await stage.presence(agent.id))?.engines).toEqual([]);
    done.open();
    await lock;
    await until("it is fetched", async () => (await readdir(join(folder, "folders"))).length > 0);
    await tell(2, true);
    expect((await agent.reach("SERVING", served)).healthy).toBe(true);
  });

  test("says what it serves while another agent of its host keeps it from tidying up, and stops meanwhile", async () => {
    const [locked, done] = [gate(), gate()];
    const { signal } = new AbortController();
    let lock = Promise.resolve();
    const engine = taker(async (own) => {
      if (own !== "new") return;
      lock = withLock(join(folder, "lock"), { signal }, async () => {
        locked.open();
        await done.opened;
      });
      await locked.opened;
    });
    const agent = await agentWith(engine);
    const served = await bundle(engine.name, "new");
    agent.order(served);
    expect((await agent.reach("SERVING", served)).bundles.reason).toBeNull();
    await agent.stop();
    done.open();
    await lock;
  });
});

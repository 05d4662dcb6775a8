import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { done, Unavailable } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import type { SwitchWay } from "../../../schema/bundle-presence.js";
import { bundleDigest, type ServedBundles } from "../../../schema/bundle.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { orderBundles, publishBundle, untilBundles } from "../stage/ordered-bundles.js";
import { gate, puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const start = agentsOnBus((one) => (stage = one));
let folder: string;
let names = 0;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-serve-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An engine that takes bundles: it answers with the content of the file `name`, or `host`. */
function taker(onStart: (name: string) => Promise<void> = () => Promise.resolve(), more: Record<string, unknown> = {}) {
  const name = `Taker${++names}`;
  const calls: string[] = [];
  const make = (provision: Provision | null): EngineParts => {
    const files = provision?.folder ? readdir(provision.folder) : Promise.resolve(["host"]);
    const runner: Partial<EngineParts["runners"][number]> = {
      async start() {
        const [own = ""] = await files;
        calls.push(`start ${own}`);
        await onStart(own);
      },
      versions: async () => ({ engine: "1", signatures: (await files)[0] ?? null, signatureDate: null }),
      stop: async () => void calls.push(`stop ${(await files)[0]}`),
    };
    return { ...puppet(name, () => Promise.resolve(done(null, null, null)), { runner, manifest: more }), remake: make };
  };
  return { name, calls, parts: make(null) };
}

type Taker = ReturnType<typeof taker>;
const bundle = async (name: string, file: string): Promise<ServedBundles> => [
  await publishBundle(stage, { engine: name, files: { [file]: `content of ${file}` } }),
];

async function agentWith({ parts, name }: Taker, freeMemory = () => Infinity, env: Record<string, string> = {}) {
  const own = { SCANMESH_BUNDLES: folder, SCANMESH_UPDATE_TEST: "1ms", ...env };
  const { agent, config, stop } = await start(parts, own, { freeMemory });
  const id = config.agent;
  const order = (bundles: ServedBundles, way: SwitchWay = "AUTO") => orderBundles(stage, id, name, bundles, way);
  const reach = (state: Parameters<typeof untilBundles>[3]["state"], serving?: ServedBundles) =>
    untilBundles(stage, id, name, { state, ...(serving === undefined ? {} : { serving }) });
  const scan = async () => {
    const request = requestOf(await stage.store(Buffer.from("x")), [name]);
    await stage.request(parts.manifest, request);
    return await stage.answer(name, request.scan);
  };
  return { agent, id, order, reach, scan, stop };
}

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
    const engine = taker(undefined, { memory: "2GiB" });
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
    await agent.reach("SERVING", two);
    expect(engine.calls.slice(-2)).toEqual(["stop one", "start two"]);
  });
});

describe("an agent that is started again", () => {
  test("serves what it served last before it is told, and without it what its host has", async () => {
    const engine = taker();
    const env = { SCANMESH_AGENT_ID: `again-${process.pid}` };
    const first = await agentWith(engine, undefined, env);
    const served = await bundle(engine.name, "served");
    first.order(served);
    await first.reach("SERVING", served);
    await first.stop();
    const second = await agentWith(engine, undefined, env);
    expect((await second.reach("SERVING", served)).bundles).toMatchObject({ target: served, reason: null });
    expect((await second.scan()).versions.signatures).toBe("served");
    await second.stop();
    for (const file of await readdir(join(folder, "files"))) await rm(join(folder, "files", file));
    const third = await agentWith(engine, undefined, env);
    const lost = (await third.reach("FAILED", [])).bundles;
    expect(lost.reason).toMatch(/is gone or damaged: it serves what its host has/);
    expect(lost.target, "the mesh says it again").toBeNull();
    expect((await third.scan()).versions.signatures).toBe("host");
    third.order(served);
    await third.reach("SERVING", served);
  });

  test("starts although what it served last is described in a way that it cannot read", async () => {
    const engine = taker();
    const env = { SCANMESH_AGENT_ID: `unread-${process.pid}` };
    const first = await agentWith(engine, undefined, env);
    const served = await bundle(engine.name, "served");
    first.order(served);
    await first.reach("SERVING", served);
    await first.stop();
    const newer = Buffer.from('{"v":2}');
    const digest = bundleDigest(newer);
    await writeFile(join(folder, "manifests", digest), newer);
    const [record = ""] = await readdir(join(folder, "agents"));
    const text = await readFile(join(folder, "agents", record), "utf8");
    await writeFile(join(folder, "agents", record), text.replaceAll(served[0]?.digest ?? "", digest));
    const second = await agentWith(engine, undefined, env);
    expect((await second.reach("FAILED", [])).bundles.reason).toMatch(/: it serves what its host has$/);
    expect((await second.scan()).versions.signatures).toBe("host");
  });

  test("serves what its host has if what it served last does not work any more, and says so", async () => {
    let isBroken = false;
    const engine = taker((own) =>
      isBroken && own === "served" ? Promise.reject(new Unavailable("it is broken")) : Promise.resolve(),
    );
    const env = { SCANMESH_AGENT_ID: `broken-${process.pid}` };
    const first = await agentWith(engine, undefined, env);
    const served = await bundle(engine.name, "served");
    first.order(served);
    await first.reach("SERVING", served);
    await first.stop();
    isBroken = true;
    const second = await agentWith(engine, undefined, env);
    const { bundles, healthy } = await second.reach("FAILED", []);
    expect([healthy, bundles.target]).toEqual([true, null]);
    expect(bundles.reason).toBe("what it served last does not work any more (it is broken): it serves what its host has");
  });
});

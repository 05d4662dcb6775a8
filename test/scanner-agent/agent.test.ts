import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { done } from "../../scanner-agent/contract.js";
import { loadManifests } from "../../scanner-agent/manifest/engine-loader.js";
import { projectPath } from "../../schema/paths.js";
import type { EnginePresence } from "../../schema/presence.js";
import { agentsOnBus, requestOf } from "./stage/agent-stage.js";
import { until, type BusStage } from "./stage/bus-stage.js";
import { hasClamd, makeDatabase } from "./runners/clamd/clamav-database.js";
import { CLEAN, EICAR } from "./eicar.js";
import { puppet } from "./stage/puppet-engine.js";

let stage: BusStage;
let folder: string;
const agentWith = agentsOnBus((made) => (stage = made));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-agent-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function engineOf(agent: string, name: string): Promise<EnginePresence | undefined> {
  return (await stage.presence(agent))?.engines.find((engine) => engine.name === name);
}

describe("the engines that come with the agent", () => {
  test("find EICAR, and say of a clean file what they can", async () => {
    const database = await makeDatabase();
    await database.addEicar();
    const { config } = await agentWith(undefined, { SCANMESH_CLAMAV_DB: database.folder });
    const { manifests } = await loadManifests([projectPath("scanner-agent", "engines")]);
    const expected: Record<string, [unknown, unknown]> = {
      Yara: ["INFECTED", null],
      FileInfo: [null, null],
      ...(hasClamd ? { ClamAV: ["INFECTED", "CLEAN"] } : {}),
    };
    for (const { manifest } of manifests) if (manifest.enabled) await stage.makeDurable(manifest);
    for (const [name, [ofEicar, ofClean]] of Object.entries(expected)) {
      expect(await until(`${name} is announced`, () => engineOf(config.agent, name))).toMatchObject({
        healthy: true,
        reason: null,
      });
      const { manifest } = manifests.find((loaded) => loaded.manifest.name === name) ?? {};
      for (const [bytes, verdict] of [
        [EICAR, ofEicar],
        [CLEAN, ofClean],
      ] as const) {
        const request = requestOf(await stage.store(bytes), [name]);
        await stage.request(manifest ?? { speed: "FAST", internet: false }, request);
        expect({ name, ...(await stage.answer(name, request.scan)) }).toMatchObject({ name, state: "DONE", verdict });
      }
    }
    await database.remove();
  });

  test.skipIf(!hasClamd)("without what they need are announced with the reason, and work when it is there", async () => {
    const database = await makeDatabase();
    const { config } = await agentWith(undefined, { SCANMESH_CLAMAV_DB: database.folder, SCANMESH_ENGINES: "clamav" });
    const reason = async (text: string) =>
      until(text, async () => (await engineOf(config.agent, "ClamAV"))?.reason?.includes(text));
    await reason(`no signatures in ${database.folder}`);
    await database.addOther();
    await reason("self-test: it did not find EICAR but reported DONE, CLEAN");
    await database.addEicar();
    expect(await until("it is healthy", async () => (await engineOf(config.agent, "ClamAV"))?.healthy)).toBe(true);
    await database.remove();
  });

  test("go on without a rule file that does not compile, which is said", async () => {
    const rules = join(folder, "rules");
    await mkdir(rules);
    await writeFile(
      join(rules, "good.yar"),
      'rule Good { meta: verdict = "suspicious" strings: $a = "a mark of our own" condition: $a }',
    );
    await writeFile(join(rules, "bad.yar"), "rule Bad {\n condition:\n nonsense\n}");
    const { config } = await agentWith(undefined, { SCANMESH_YARA_RULES: rules, SCANMESH_ENGINES: "Yara" });
    const yara = await until("Yara is announced", () => engineOf(config.agent, "Yara"));
    expect(yara).toMatchObject({
      healthy: true,
      versions: { signatures: expect.stringMatching(/ \(1 of \d+ rule files do not compile\)$/) as string },
    });
    await stage.makeDurable(yara);
    const request = requestOf(await stage.store(Buffer.from("this has a mark of our own")), ["Yara"]);
    await stage.request(yara, request);
    expect(await stage.answer("Yara", request.scan)).toMatchObject({ verdict: "SUSPICIOUS", signature: "Good" });
  });
});

describe("presence", () => {
  test("is announced with engines, and deleted when the agent leaves", async () => {
    const agent = await agentWith([puppet("Present", () => Promise.resolve(done(null, null, null)))]);
    const presence = await until("it is announced", () => stage.presence(agent.config.agent));
    expect(presence).toMatchObject({
      state: "READY",
      class: "isolated",
      heartbeatMs: 500,
      engines: [{ name: "Present", slots: 2, runner: "puppet" }],
    });
    await agent.stop();
    expect(await stage.presence(agent.config.agent)).toBeUndefined();
  });

  test("shows how many slots are taken", async () => {
    let free: () => void = () => undefined;
    const engine = puppet("Counted", () => new Promise((resolve) => (free = () => resolve(done(null, null, null)))));
    const { config } = await agentWith([engine]);
    const busy = async () => (await engineOf(config.agent, "Counted"))?.busy;
    expect(await busy()).toBe(0);
    await stage.request(engine.manifest, requestOf(await stage.store(Buffer.from("x")), ["Counted"]));
    await until("one is taken", async () => (await busy()) === 1);
    free();
    await until("none is taken", async () => (await busy()) === 0);
  });
});

describe("a stopping agent", () => {
  test("takes nothing more, finishes what it has, and says that it is draining", async () => {
    let finish: (() => void) | undefined;
    const engine = puppet("Finisher", () => new Promise((resolve) => (finish = () => resolve(done("CLEAN", null, null)))), {
      slots: 1,
    });
    const agent = await agentWith([engine]);
    const sample = await stage.store(Buffer.from("x"));
    const [first, second] = [requestOf(sample, ["Finisher"]), requestOf(sample, ["Finisher"])];
    await stage.request(engine.manifest, first);
    await until("it is running", async () => finish !== undefined);
    const stopped = agent.stop();
    await until("it is draining", async () => (await stage.presence(agent.config.agent))?.state === "DRAINING");
    await stage.request(engine.manifest, second);
    finish?.();
    await stopped;
    expect(await stage.answer("Finisher", first.scan)).toMatchObject({ state: "DONE" });
    expect(await stage.pending("Finisher")).toMatchObject({ acks: 0, waiting: 1 });
  });

  test("hands back what is not finished within its grace, for another agent at once", async () => {
    const never = puppet(
      "Hander",
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    );
    const agent = await agentWith([never], { SCANMESH_DRAIN_GRACE: "100ms", SCANMESH_ACK_WAIT: "600s" });
    const request = requestOf(await stage.store(Buffer.from("x")), ["Hander"]);
    await stage.request(never.manifest, request);
    await until("it is taken", async () => (await stage.pending("Hander")).acks === 1);
    await agent.stop();
    expect(stage.results.some(({ result }) => result.scan === request.scan && result.state !== "SCANNING")).toBe(false);
    await agentWith([puppet("Hander", () => Promise.resolve(done("CLEAN", null, null)))]);
    expect(await stage.answer("Hander", request.scan)).toMatchObject({ state: "DONE" });
  });
});

test("an engine whose first test takes long holds up neither the start nor the other engines", async () => {
  const slow = puppet("Pulling", () => Promise.resolve(done("CLEAN", null, null)), {
    runner: { start: () => new Promise(() => undefined) },
  });
  const quick = puppet("Ready", () => Promise.resolve(done("CLEAN", null, null)));
  const { config } = await agentWith([slow, quick], {}, { testsMs: 100 });
  expect((await stage.presence(config.agent))?.engines).toMatchObject([
    { name: "Pulling", healthy: false, cause: "STARTING", reason: "it is starting" },
    { name: "Ready", healthy: true },
  ]);
  const request = requestOf(await stage.store(Buffer.from("x")), ["Ready"]);
  await stage.request(quick.manifest, request);
  expect(await stage.answer("Ready", request.scan)).toMatchObject({ state: "DONE" });
});

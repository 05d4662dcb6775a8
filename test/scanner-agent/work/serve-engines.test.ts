import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ServedBundles } from "../../../schema/bundle.js";
import { setupId } from "../../../schema/engine-setup.js";
import type { ResultMessage } from "../../../schema/messages.js";
import type { EngineSpeed } from "../../../schema/classes.js";
import { betweenScans } from "../../stage/between-scans.js";
import { EICAR } from "../eicar.js";
import { countClamd, hasClamd } from "../runners/clamd/clamav-database.js";
import { requestOf, startAgent, type AgentStage } from "../stage/agent-stage.js";
import { startBusStage, until, type BusStage } from "../stage/bus-stage.js";
import { orderBundles, publishBundle, untilBundles } from "../stage/ordered-bundles.js";

let stage: BusStage;
let folder: string;
let agent: AgentStage | undefined;
let stopLoad: (() => void) | undefined;
beforeAll(async () => {
  stage = await startBusStage();
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-serve-engines-"));
});
afterEach(async () => {
  stopLoad?.();
  await agent?.stop();
});
afterAll(async () => {
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

const WORDS = "say your version";
const COUNT_EVERY_MS = 20;
const hex = (text: string) => Buffer.from(text).toString("hex");
const sha256Of = (text: string) => createHash("sha256").update(text).digest("hex");
const dateOf = (version: number) => `2026-01-0${version}T00:00:00.000Z`;

/** Starts an agent with one engine, which is given samples that ask for its version all the time. */
async function underLoad(engine: string, speed: EngineSpeed, env: Record<string, string> = {}, freeMemory = () => Infinity) {
  await stage.makeDurable({ name: engine, speed, internet: false });
  const own = { SCANMESH_ENGINES: engine, SCANMESH_BUNDLES: folder, SCANMESH_UPDATE_TEST: "1ms", SCANMESH_SLOTS: "2" };
  agent = await startAgent(stage, undefined, { ...own, ...env }, { freeMemory });
  const id = agent.config.agent;
  const sample = await stage.store(Buffer.from(WORDS));
  const scans: number[] = [];
  const asked = new Set<number>();
  const answers = () =>
    stage.results.flatMap(({ result }) => (result.state !== "SCANNING" && asked.has(result.scan) ? [result] : []));
  const send = async () => {
    const request = requestOf(sample, [engine]);
    scans.push(request.scan);
    asked.add(request.scan);
    await stage.request({ speed, internet: false }, request);
  };
  let isOver = false;
  stopLoad = () => (isOver = true);
  const load = (async () => {
    for (; !isOver; await betweenScans())
      await until(
        "there is room for another",
        async () => isOver || (scans.length - answers().length < 2 && send().then(() => true)),
      );
  })();
  const setups = new Map<string, ServedBundles>();
  return {
    id,
    /** Orders bundles, and waits until a scan that was asked for later has been answered. */
    async order(bundles: ServedBundles, state: "SERVING" | "FAILED", serving = bundles) {
      orderBundles(stage, id, engine, bundles);
      const told = await until(`${state}`, async () => {
        const found = await untilBundles(stage, id, engine, { state, serving });
        return JSON.stringify(found.bundles.target) === JSON.stringify(bundles) && found;
      });
      if (told.setup) setups.set(setupId(told.setup), told.setup.bundles ?? []);
      const after = scans.length + 2;
      await until("scans go on", async () => answers().filter(({ scan }) => scan === scans[after]).length > 0);
      return told;
    },
    /** All answers, of which none has failed and each names the bundle that gave it. */
    async end(bundleOf: (result: ResultMessage) => string | undefined): Promise<readonly ResultMessage[]> {
      isOver = true;
      await load;
      await until("all are answered", async () => answers().length === scans.length);
      const results = answers();
      expect(results.filter(({ state }) => state !== "DONE")).toEqual([]);
      for (const result of results) expect(setups.get(result.setup ?? "")?.[0]?.digest).toBe(bundleOf(result));
      return results;
    },
  };
}

describe.skipIf(!hasClamd)("ClamAV under scans", () => {
  test("changes from version to version of its signatures; what is broken never serves", async () => {
    const bundle = async (version: number, lines: readonly string[], positive?: string): Promise<ServedBundles> => {
      const signatures = { [`v${version}.ndb`]: lines.map((line) => `${line}\n`).join("") };
      const content = { engine: "ClamAV", sequence: version, date: dateOf(version) };
      if (positive === undefined) return [await publishBundle(stage, { ...content, files: signatures })];
      const files = { ...signatures, "positive.bin": positive };
      return [await publishBundle(stage, { ...content, files, positive: "positive.bin" })];
    };
    const eicar = `Eicar:0:*:${hex(EICAR.toString("latin1").slice(28, 60))}`;
    const told = (version: number) => `Version-${version}:0:*:${hex(WORDS)}`;
    const one = await bundle(1, [eicar, told(1)]);
    const two = await bundle(2, [eicar, told(2)], `it is asked to ${WORDS}`);
    const load = await underLoad("ClamAV", "ULTRA", { SCANMESH_CLAMAV_DB: join(folder, "nothing") });
    await load.order(one, "SERVING");
    await load.order(two, "SERVING");
    const refused = async (lines: readonly string[], positive?: string) => {
      const broken = await bundle(3, lines, positive);
      return (await load.order(broken, "FAILED", two)).bundles.reason;
    };
    expect(await refused([eicar, "nonsense"])).toMatch(/clamd does not start/);
    expect(await refused([told(3)])).toMatch(/did not find EICAR/);
    expect(await refused([eicar, told(3)], "something else")).toMatch(/finds EICAR, but not the test file of its set main/);
    expect(await refused([eicar, told(3), "Bad:0:0:7f454c46"])).toMatch(/this host's own program \/.* INFECTED, Bad/);
    const digests: Record<string, string | undefined> = { "1": one[0]?.digest, "2": two[0]?.digest };
    const versionOf = ({ signature }: ResultMessage) => /^Version-(\d)/.exec(signature ?? "")?.[1] ?? "";
    const results = await load.end((result) => digests[versionOf(result)]);
    expect(new Set(results.map(versionOf))).toEqual(new Set(["1", "2"]));
    for (const result of results) expect(result.versions.signatureDate).toBe(dateOf(Number(versionOf(result))));
  });
});

describe.skipIf(!hasClamd)("ClamAV with many signatures", () => {
  test("has two instances while a version is tried out if the memory for two is free, and one otherwise", async () => {
    const eicar = `Eicar:0:*:${hex(EICAR.toString("latin1").slice(28, 60))}\n`;
    const bundle = async (sequence: number): Promise<ServedBundles> => {
      const many = Array.from({ length: 50_000 }, (_, n) => `${sha256Of(`${sequence} ${n}`)}:${n + 100}:Many-${n}:73\n`);
      const files = { [`v${sequence}.ndb`]: eicar, [`v${sequence}.hsb`]: many.join("") };
      return [await publishBundle(stage, { engine: "ClamAV", sequence, date: dateOf(sequence), files })];
    };
    const [one, two, three] = [await bundle(1), await bundle(2), await bundle(3)];
    let free = 4 * 1024 ** 3;
    // Both instances are there for as long as one is tried out: long enough to be counted.
    const env = { SCANMESH_CLAMAV_DB: join(folder, "nothing"), SCANMESH_UPDATE_TEST: "2s" };
    const load = await underLoad("ClamAV", "ULTRA", env, () => free);
    await load.order(one, "SERVING");
    /** The most instances at once, and what was said meanwhile. */
    const change = async (bundles: ServedBundles) => {
      const counts: number[] = [];
      let isOver = false;
      const counting = (async () => {
        for (; !isOver; await pause(COUNT_EVERY_MS)) counts.push(await countClamd(folder));
      })();
      const testing = untilBundles(stage, load.id, "ClamAV", { state: "TESTING" });
      await load.order(bundles, "SERVING");
      isOver = true;
      await counting;
      return { most: Math.max(...counts), reason: (await testing).bundles.reason };
    };
    expect(await change(two)).toEqual({ most: 2, reason: null });
    await until("the one before has ended", async () => (await countClamd(folder)) === 1);
    free = 3 * 1024 ** 3;
    expect(await change(three)).toEqual({ most: 1, reason: "it serves no scans until this is done" });
    const digests = new Map([one, two, three].map((bundles, n) => [dateOf(n + 1), bundles[0]?.digest]));
    await load.end(({ versions }) => digests.get(versions.signatureDate ?? ""));
  });
});

describe("Yara under scans", () => {
  test("changes from version to version of its rules; one that flags the host's programs never serves", async () => {
    const bundle = async (version: number, more = ""): Promise<ServedBundles> => {
      const rules = `rule Version${version} { strings: $a = "${WORDS}" condition: $a }\n${more}`;
      return [await publishBundle(stage, { engine: "Yara", set: "rules", sequence: version, files: { "deep/own.yar": rules } })];
    };
    const [one, two] = [await bundle(1), await bundle(2)];
    const bad = await bundle(3, `rule Bad { meta: verdict = "infected" condition: uint32(0) == 0x464c457f }`);
    const load = await underLoad("Yara", "MEDIUM");
    await load.order(one, "SERVING");
    await load.order(two, "SERVING");
    expect((await load.order(bad, "FAILED", two)).bundles.reason).toMatch(/own program \/.* INFECTED, Bad/);
    const broken = await bundle(4, "// The next line is wrong.\nrule Broken { condition: absent }");
    expect((await load.order(broken, "FAILED", two)).bundles.reason).toMatch(
      /^self-test: not all files of its bundles can be used: deep\/own\.yar:3: rule Broken: .*absent/,
    );
    const versionOf = ({ signature }: ResultMessage) => /Version(\d)/.exec(signature ?? "")?.[1];
    const digests: Record<string, string | undefined> = { "1": one[0]?.digest, "2": two[0]?.digest };
    const results = await load.end((result) => digests[versionOf(result) ?? ""]);
    expect(new Set(results.map(versionOf))).toEqual(new Set([undefined, "1", "2"]));
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SwitchWay } from "../../../../schema/bundle-presence.js";
import type { ServedBundles } from "../../../../schema/bundle.js";
import { encodeMessage, type ResultMessage } from "../../../../schema/messages.js";
import { controlSubject } from "../../../../schema/subjects.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { makeImage } from "../../../docker/images.js";
import { betweenScans } from "../../../stage/between-scans.js";
import { requestOf } from "../../stage/agent-stage.js";
import { startBusStage, until, type BusStage } from "../../stage/bus-stage.js";
import { orderBundles, publishBundle, untilBundles } from "../../stage/ordered-bundles.js";
import { containerAgent, engineManifest, healthy, scanner, type ContainerAgent } from "../../stage/container-stage.js";

let stage: BusStage;
let images: readonly string[];
let agent: ContainerAgent | undefined;
const NAME = `scanmesh-test/switched-${process.pid}`;
/** Of a sample that asks for it, as no program of a host does, it prints the version of its own image. */
const command = scanner(
  'if grep -q "Say your version" "$1"; then printf "stream: Version-$(cat /version) FOUND\\0"; sleep 0.05; exit; fi',
);

beforeAll(async () => {
  stage = await startBusStage();
  if (hasDocker) images = await Promise.all([makeVersion(1), makeVersion(2), makeVersion(3, "rm $(which grep) &&")]);
});
afterEach(() => agent?.stop());
afterAll(async () => {
  if (hasDocker) await docker("rmi", "--no-prune", NAME).catch(() => undefined);
  await stage.stop();
});

/** The third finds nothing. */
async function makeVersion(version: number, before = ""): Promise<string> {
  await baseImage();
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-version-"));
  try {
    await writeFile(join(folder, "Dockerfile"), `ARG BASE\nFROM $BASE\nRUN ${before} echo ${version} > /version\n`);
    const image = await makeImage(`version-${version}`, folder);
    return await docker("image", "inspect", "--format", "{{.Id}}", image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function useVersion(version: 1 | 2): Promise<void> {
  await docker("tag", images[version - 1] ?? "", NAME);
}

/** The version that printed the answer, which must be the one that it says. */
function versionOf({ state, signature, versions, image }: ResultMessage): string | undefined {
  expect(state).toBe("DONE");
  const printed = /^Version-(\d)$/.exec(signature ?? "")?.[1];
  expect({ engine: versions.engine, image: image?.id }).toEqual({ engine: printed, image: images[Number(printed) - 1] });
  return printed;
}

describe.skipIf(!hasDocker)("an engine whose image is exchanged", () => {
  test("answers under load without one failure, and each answer says the version that printed it", async () => {
    await useVersion(1);
    const manifest = engineManifest("Switched", { image: NAME, mode: "exec", command, version: ["cat", "/version"], spares: 0 });
    agent = await containerAgent(stage, [{ ...manifest, slots: 2 }]);
    const id = agent.config.agent;
    const before = await healthy(agent, "Switched");
    expect(before).toMatchObject({ versions: { engine: "1" }, image: { id: images[0] } });
    const sample = await stage.store(Buffer.from("Say your version"));
    const scans: number[] = [];
    const send = async () => {
      const request = requestOf(sample, ["Switched"]);
      scans.push(request.scan);
      await stage.request({ speed: "FAST", internet: false }, request);
      return request.scan;
    };
    const answered = () => stage.results.filter(({ result }) => result.state !== "SCANNING" && scans.includes(result.scan));

    for (let n = 0; n < 6; n++) await send();
    await until("the first is answered", async () => answered().length > 0);
    await useVersion(2);
    const seen = new Set<string | undefined>();
    await until("the new version answers", async () => {
      if (scans.length - answered().length < 6) await send();
      for (const { result } of answered()) seen.add(versionOf(result));
      return seen.has("2");
    });
    await until("all are answered", async () => answered().length === scans.length);
    const results = answered().map(({ result }) => result);
    expect(new Set(results.map(versionOf))).toEqual(new Set(["1", "2"]));
    // A kept verdict is of what gave it.
    const kept = new Map<string, Set<string | undefined>>();
    for (const result of results)
      if (result.fingerprint !== undefined)
        kept.set(result.fingerprint, (kept.get(result.fingerprint) ?? new Set()).add(versionOf(result)));
    for (const versions of kept.values()) expect(versions.size).toBe(1);
    const after = await until("it is announced", async () => {
      const engine = await agent?.engine("Switched");
      return engine?.versions.engine === "2" && engine.healthy && engine;
    });
    expect(after).toMatchObject({ image: { id: images[1] } });
    expect(after.fingerprint).not.toBe(before.fingerprint);

    const order = async (state: "CORDONED" | "READY") => {
      stage.nc.publish(controlSubject(id), encodeMessage({ v: 1, kind: "state", state }));
      await until(`it is ${state}`, async () => (await stage.presence(id))?.state === state);
    };
    await order("CORDONED");
    const queued = await send();
    await useVersion(1);
    await until("the other version is there", async () => (await agent?.engine("Switched"))?.versions.engine === "1");
    await order("READY");
    expect(versionOf(await stage.answer("Switched", queued)), "it was queued before").toBe("1");
  });

  test("changes to the image that the mesh orders, beside and in turn; one that does not work never serves", async () => {
    await useVersion(1);
    const manifest = engineManifest("Ordered", { image: NAME, mode: "exec", command, version: ["cat", "/version"], spares: 0 });
    agent = await containerAgent(stage, [{ ...manifest, slots: 2 }], { SCANMESH_UPDATE_TEST: "1ms" });
    const id = agent.config.agent;
    await healthy(agent, "Ordered");
    const bundle = async (sequence: number, image: string | undefined) => [
      await publishBundle(stage, {
        engine: "Ordered",
        sequence,
        files: {},
        image: { reference: NAME, id: image ?? "", digest: null },
      }),
    ];
    const [first, second, broken] = [await bundle(1, images[0]), await bundle(2, images[1]), await bundle(3, images[2])];
    const sample = await stage.store(Buffer.from("Say your version"));
    const scans = new Set<number>();
    const answered = () => stage.results.filter(({ result }) => result.state !== "SCANNING" && scans.has(result.scan));
    let isOver = false;
    const load = (async () => {
      for (; !isOver; await betweenScans()) {
        await until("there is room", async () => isOver || scans.size - answered().length < 2);
        const request = requestOf(sample, ["Ordered"]);
        scans.add(request.scan);
        await stage.request({ speed: "FAST", internet: false }, request);
      }
    })();
    try {
      const reach = async (bundles: ServedBundles, way: SwitchWay, state: "SERVING" | "FAILED", serving = bundles) => {
        orderBundles(stage, id, "Ordered", bundles, way);
        return await until(`${state}`, async () => {
          const found = await untilBundles(stage, id, "Ordered", { state, serving });
          return JSON.stringify(found.bundles.target) === JSON.stringify(bundles) && found;
        });
      };
      await until("the first is answered", async () => answered().length > 0);
      expect(await reach(second, "BESIDE", "SERVING")).toMatchObject({ image: { id: images[1] }, versions: { engine: "2" } });
      expect((await reach(broken, "IN_TURN", "FAILED", second)).bundles.reason).toMatch(/did not find EICAR/);
      await until("what served is back", async () => (await agent?.engine("Ordered"))?.healthy);
      expect(await reach(first, "IN_TURN", "SERVING")).toMatchObject({ image: { id: images[0] } });
    } finally {
      isOver = true;
      await load;
    }
    await until("all are answered", async () => answered().length === scans.size);
    expect(new Set(answered().map(({ result }) => versionOf(result)))).toEqual(new Set(["1", "2"]));
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { startBusStage, until, type BusStage } from "../../stage/bus-stage.js";
import { containerAgent, engineManifest, healthy, scanner, type ContainerAgent } from "../../stage/container-stage.js";
import { CLEAN, EICAR } from "../../eicar.js";

let stage: BusStage;
let image: string;
const agents: ContainerAgent[] = [];

beforeAll(async () => {
  [stage, image] = await Promise.all([startBusStage(), hasDocker ? baseImage() : ""]);
});
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
afterAll(() => stage.stop());

async function agentWith(manifests: Record<string, unknown>[], env: Record<string, string> = {}): Promise<ContainerAgent> {
  const agent = await containerAgent(stage, manifests, env);
  agents.push(agent);
  return agent;
}

const exec = (more: Record<string, unknown> = {}) => ({ image, mode: "exec", command: scanner(), ...more });
/** Does what a sample says that is a script; of others it says what a scanner does. */
const obedient = scanner('if head -n 1 "$1" | grep -q "^#do"; then . "$1"; exit; fi');

describe.skipIf(!hasDocker)("an engine in warm containers", () => {
  test("finds EICAR, and nothing in a clean file; image and proofs are told", async () => {
    const agent = await agentWith([engineManifest("Warm", exec())]);
    const engine = await healthy(agent, "Warm");
    expect(engine).toMatchObject({
      runner: "container (exec)",
      image: { id: expect.stringMatching(/^sha256:/) as string, digest: null },
    });
    expect((await stage.presence(agent.config.agent))?.proofs).toContain(
      "an isolated container has no interface but lo, and no route",
    );
    expect(await agent.scan("Warm", EICAR)).toMatchObject({
      state: "DONE",
      verdict: "INFECTED",
      signature: "Eicar",
      image: engine.image,
    });
    expect(await agent.scan("Warm", CLEAN)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    await agent.stop();
    expect(await agent.belongings()).toEqual([]);
  });

  test("that are recycled after many samples are the same for those", async () => {
    const name = "Many";
    const agent = await agentWith([engineManifest(name, exec({ recycle: { scans: 1_000 }, spares: 0 }))]);
    await healthy(agent, name);
    const before = await agent.containers();
    for (let n = 0; n < 10; n++) expect(await agent.scan(name, Buffer.from(`${n}`))).toMatchObject({ verdict: "CLEAN" });
    expect(await agent.containers()).toEqual(before);
  });

  test("of which each has one sample are always others, and one is kept ready", async () => {
    const name = "Once";
    const agent = await agentWith([engineManifest(name, exec({ recycle: { scans: 1 } }))]);
    await healthy(agent, name);
    const seen = new Set<string>();
    for (let n = 0; n < 4; n++) {
      const ready = await until("two are ready", async () => {
        const ids = await agent.containers();
        return ids.length === 2 && !ids.every((id) => seen.has(id)) ? ids : undefined;
      });
      expect(await agent.scan(name, n % 2 === 0 ? EICAR : CLEAN)).toMatchObject({ verdict: n % 2 === 0 ? "INFECTED" : "CLEAN" });
      for (const id of ready) seen.add(id);
    }
    expect(seen.size).toBeGreaterThanOrEqual(5);
  });

  test("that misbehave in every way are answered in the right state, and take work again", async () => {
    const name = "Wild";
    const limits = { memory: "64MiB", pids: 32, output: "1MiB" };
    const agent = await agentWith([engineManifest(name, exec({ command: obedient, limits }), { timeout: "3s" })], {
      SCANMESH_RETEST: "500ms",
    });
    await healthy(agent, name);
    const cases: [string, string][] = [
      ["bomb() { bomb & bomb & }; (bomb) & while :; do :; done", "TIMEOUT"],
      ["tail /dev/zero", "FAILED"],
      ["head -c 1073741824 /dev/zero", "FAILED"],
      ["trap '' TERM; while :; do sleep 1; done", "TIMEOUT"],
      ["kill -9 -1", "FAILED"],
      ["echo garbage", "FAILED"],
    ];
    for (const [script, state] of cases) {
      await until("it takes work", async () => (await agent.engine(name))?.healthy);
      expect({ script, ...(await agent.scan(name, Buffer.from(`#do\n${script}\n`))) }).toMatchObject({
        script,
        state,
        verdict: null,
      });
    }
    expect(await agent.scan(name, EICAR)).toMatchObject({ verdict: "INFECTED" });
    await until("its slots are free", async () => (await agent.engine(name))?.busy === 0);
  });

  test("without its image says so, and the other engines run", async () => {
    const agent = await agentWith([
      engineManifest("Missing", exec({ image: "127.0.0.1:1/no-such-image" })),
      engineManifest("There", exec()),
    ]);
    await healthy(agent, "There");
    const reason = await until("the reason is told", async () => (await agent.engine("Missing"))?.reason);
    expect(reason).toMatch(/^cannot pull the image 127\.0\.0\.1:1\/no-such-image: /);
  });
});

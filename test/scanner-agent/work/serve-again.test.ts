import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Unavailable } from "../../../scanner-agent/contract.js";
import { bundleDigest } from "../../../schema/bundle.js";
import { gate } from "../stage/puppet-engine.js";
import { taker } from "../stage/taker.js";
import { takersOnBus } from "../stage/taker-agents.js";

let folder: string;
const { agentWith, bundle, untilReason } = takersOnBus((given) => ({ folder } = given));

describe("an agent that is started again", () => {
  const againAs = (agent: string) => ({ SCANMESH_AGENT_ID: agent, SCANMESH_SPOOL: join(folder, "spool") });

  test("serves what it served last before it is told, and without it what its host has", async () => {
    const engine = taker();
    const env = againAs(`again-${process.pid}`);
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
    const env = againAs(`unread-${process.pid}`);
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
    const env = againAs(`broken-${process.pid}`);
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

  test.each([
    ["serves what its host has", Infinity],
    ["serves it if it works the second time", 1],
  ])("and is told the same before the engine was tested, while another hangs, %s", async (_, failures) => {
    const [held, never] = [gate(), gate()];
    let isAgain = false;
    let left = failures;
    const engine = taker(async (own) => {
      if (own !== "served" || !isAgain) return;
      await held.opened;
      if (left-- > 0) throw new Unavailable("it is broken");
    });
    const hanging = taker(() => (isAgain ? never.opened : Promise.resolve()));
    const env = againAs(`told-again-${failures}-${process.pid}`);
    const first = await agentWith(engine, undefined, env);
    const served = await bundle(engine.name, "served");
    first.order(served);
    await first.reach("SERVING", served);
    await first.stop();
    isAgain = true;
    const second = await agentWith(engine, undefined, env, [hanging]);
    second.order(served);
    await untilReason(second.id, engine.name, "the engine is tested with what it served last");
    held.open();
    if (failures === 1) expect((await second.reach("SERVING", served)).healthy).toBe(true);
    else {
      const { bundles, healthy } = await second.reach("FAILED", []);
      expect([healthy, bundles.target]).toEqual([true, served]);
      expect(bundles.reason).toBe("what it served last does not work any more (it is broken): it serves what its host has");
    }
    never.open();
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SourceAway } from "../../../scanner-agent/bundles/bundle-error.js";
import type { BundleStore } from "../../../scanner-agent/bundles/bundle-store.js";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { Unavailable } from "../../../scanner-agent/contract.js";
import { createMemoryRoom } from "../../../scanner-agent/engine/memory.js";
import { createSwitchingEngine } from "../../../scanner-agent/engine/switching-engine.js";
import type { SwitchWay } from "../../../schema/bundle-presence.js";
import { createBundleServer, type BundleServerOptions } from "../../../scanner-agent/work/serve.js";
import { testLog } from "../../stage/log.js";
import { gate } from "../stage/puppet-engine.js";
import { taker } from "../stage/taker.js";

const WAIT = { timeout: 30_000 };

describe("orders to serve bundles", () => {
  /** Obeys them without a mesh: `provide` is what fetching does. */
  async function serving(provide: BundleStore["provide"], more: Partial<BundleServerOptions> = {}, way: SwitchWay = "AUTO") {
    const { parts, name } = taker();
    const passes = () => Promise.resolve([]);
    /** What an agent would say of the engine each time that something has changed. */
    const told: string[] = [];
    // The presence is read in the next step, as agents do.
    const tell = () =>
      queueMicrotask(() => {
        const { healthy, versions } = engine.presence();
        const { state, serving: bundles = [], reason } = server.presence(engine) ?? {};
        const word = `${versions.signatures} of ${bundles.length} bundles, ${state}, ${healthy ? "well" : "unwell"}: ${reason}`;
        if (told.at(-1) !== word) told.push(word);
      });
    const host = { selfTest: passes, retestMs: 60_000, log: testLog("engine"), onChange: () => started && tell() };
    const engine = createSwitchingEngine(parts, host);
    let started = false;
    await engine.start();
    started = true;
    const nothing = () => Promise.resolve();
    const store = { provide, writeServed: nothing, tidy: nothing, stop: () => undefined } as unknown as BundleStore;
    const images = { has: () => Promise.resolve(true), load: nothing, remove: () => Promise.resolve(true) };
    const seen: string[] = [];
    const server = createBundleServer({
      store,
      images,
      engines: () => [engine],
      trial: () => passes,
      selfTest: passes,
      memory: createMemoryRoom(() => Infinity),
      log: testLog("serve"),
      onChange() {
        const { state, reason } = server.presence(engine) ?? {};
        seen.push(reason ? `${state}: ${reason}` : `${state}`);
        tell();
      },
      ...more,
    });
    const bundles = [{ set: "main", digest: "0".repeat(64) }];
    server.take({ v: 1, kind: "serve", engine: name, bundles, switch: way });
    return { server, engine, seen, told, state: () => server.presence(engine)?.state };
  }
  const given: Provision = {
    bundles: [{ set: "main", digest: "0".repeat(64) }],
    key: "k",
    folder: null,
    positives: [],
    image: null,
  };

  test("wait for a registry that is away, and go on when it is back", async () => {
    let isAway = true;
    const { server, engine, seen, state } = await serving(() => {
      if (!isAway) return Promise.resolve(given);
      isAway = false;
      return Promise.reject(new SourceAway("the registry does not answer"));
    });
    await expect.poll(state, WAIT).toBe("SERVING");
    expect(seen).toContain("WAITING: the registry does not answer; it is tried again");
    await Promise.all([server.stop(), engine.stop()]);
  });

  test("fail if the registry stays away", async () => {
    const { server, engine, seen, state } = await serving(() => Promise.reject(new SourceAway("the registry does not answer")), {
      sourceAwayMs: 0,
    });
    await expect.poll(state, WAIT).toBe("FAILED");
    expect(seen.at(-1)).toBe("FAILED: the registry does not answer (tried for 0 minutes)");
    await Promise.all([server.stop(), engine.stop()]);
  });

  const UNTIL_DONE = "it serves no scans until this is done";
  const FAILS = () => () => Promise.reject(new Unavailable("it finds nothing"));
  test.each<[way: SwitchWay, trial: BundleServerOptions["trial"] | undefined, end: string[]]>([
    ["AUTO", undefined, ["host of 0 bundles, TESTING, well: null", "new of 1 bundles, SERVING, well: null"]],
    ["IN_TURN", undefined, [`host of 0 bundles, TESTING, unwell: ${UNTIL_DONE}`, "new of 1 bundles, SERVING, well: null"]],
    ["AUTO", FAILS, ["host of 0 bundles, TESTING, well: null", "host of 0 bundles, FAILED, well: it finds nothing"]],
    [
      "IN_TURN",
      FAILS,
      [`host of 0 bundles, TESTING, unwell: ${UNTIL_DONE}`, "host of 0 bundles, FAILED, well: it finds nothing"],
    ],
  ])("tell in one step what serves, its versions and why (%s, %o)", async (way, trial, end) => {
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-told-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "new"), "");
    const more = trial === undefined ? {} : { trial };
    const { server, engine, told, state } = await serving(() => Promise.resolve({ ...given, folder }), more, way);
    await expect.poll(state, WAIT).toBe(trial === undefined ? "SERVING" : "FAILED");
    await Promise.all([server.stop(), engine.stop()]);
    const begun = told.findIndex((word) => word.includes("TESTING"));
    expect(told.slice(begun)).toEqual(end);
  });

  test("do not keep an agent from stopping, whatever hangs", async () => {
    const begun = gate();
    const { server, engine } = await serving(
      () => {
        begun.open();
        return new Promise(() => undefined);
      },
      { stopMs: 1 },
    );
    await begun.opened;
    await expect(server.stop()).resolves.toBeUndefined();
    await engine.stop();
  });
});

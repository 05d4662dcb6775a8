import { describe, expect, test } from "vitest";
import { SourceAway } from "../../../scanner-agent/bundles/bundle-error.js";
import type { BundleStore } from "../../../scanner-agent/bundles/bundle-store.js";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { createMemoryRoom } from "../../../scanner-agent/engine/memory.js";
import { createSwitchingEngine } from "../../../scanner-agent/engine/switching-engine.js";
import { createBundleServer, type BundleServerOptions } from "../../../scanner-agent/work/serve.js";
import { testLog } from "../../stage/log.js";
import { gate } from "../stage/puppet-engine.js";
import { taker } from "../stage/taker.js";

const WAIT = { timeout: 30_000 };

describe("orders to serve bundles", () => {
  /** Obeys them without a mesh: `provide` is what fetching does. */
  async function serving(provide: BundleStore["provide"], more: Partial<BundleServerOptions> = {}) {
    const { parts, name } = taker();
    const passes = () => Promise.resolve([]);
    const host = { selfTest: passes, retestMs: 60_000, log: testLog("engine"), onChange: () => undefined };
    const engine = createSwitchingEngine(parts, host);
    await engine.start();
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
      },
      ...more,
    });
    const bundles = [{ set: "main", digest: "0".repeat(64) }];
    server.take({ v: 1, kind: "serve", engine: name, bundles, switch: "AUTO" });
    return { server, engine, seen, state: () => server.presence(engine)?.state };
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

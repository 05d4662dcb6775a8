/** The bundles of a host, kept in a folder for each test. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { createBundleStore, type BundleStore, type BundleStoreOptions } from "../../../scanner-agent/bundles/bundle-store.js";
import type { RecordOwner } from "../../../scanner-agent/bundles/served.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { testLog } from "../../stage/log.js";
import { storedBundles, type StoredBundles } from "./stored-bundles.js";

export const MiB = 1024 ** 2;
export const { signal } = new AbortController();
export const noImages = {
  has: () => Promise.resolve(false),
  load: () => Promise.resolve(),
  remove: () => Promise.resolve(true),
};
export const ownerOf = (agent: string): RecordOwner => ({ agent, internet: "isolated", spool: "/spool" });

/** Stores of agents of one host; `tell` is given what they share, before each test. */
export function storesOfHost(tell: (given: { readonly folder: string; readonly mesh: StoredBundles }) => void) {
  let folder: string;
  let mesh: StoredBundles;
  const stores: BundleStore[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-bundles-"));
    mesh = storedBundles();
    tell({ folder, mesh });
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) store.stop();
    await rm(folder, { recursive: true, force: true });
  });

  return {
    storeOf(agent = "one", more: Partial<BundleStoreOptions> = {}): BundleStore {
      const store = createBundleStore({
        folder,
        owner: ownerOf(agent),
        limit: 64 * MiB,
        bytesPerSecond: 1024 * MiB,
        reader: mesh,
        images: noImages,
        log: testLog(agent),
        staleLockMs: 400,
        retryMs: 1,
        ...more,
      });
      stores.push(store);
      return store;
    },
    async provide(store: BundleStore, bundles: ServedBundles, engine = "Scanner", until = signal) {
      const seen: number[] = [];
      const waits: true[] = [];
      const provision = await store.provide(engine, bundles, {
        signal: until,
        onWait: () => waits.push(true),
        onProgress: (bytes, total) => seen.push(bytes / Math.max(total, 1)),
      });
      return { provision, seen, waits: waits.length };
    },
    stored: (name: string) => readdir(join(folder, name)),
  };
}

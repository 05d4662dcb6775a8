import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BundleError } from "../../../scanner-agent/bundles/bundle-error.js";
import { withLock } from "../../../scanner-agent/bundles/lock.js";
import { recordOf } from "../../../scanner-agent/bundles/served.js";
import { Unavailable } from "../../../scanner-agent/contract.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { BUNDLE_CHUNK_BYTES } from "../../../schema/bundle.js";
import { gate } from "../stage/puppet-engine.js";
import { MiB, noImages, ownerOf, signal, storesOfHost } from "./store-stage.js";
import type { StoredBundles } from "./stored-bundles.js";

let folder: string;
let mesh: StoredBundles;
const { storeOf, provide, stored } = storesOfHost((given) => ({ folder, mesh } = given));

describe("a host's bundles", () => {
  test("are fetched once, checked, and stand together in a folder that every user reads", async () => {
    const [large, shared] = [randomBytes(2 * BUNDLE_CHUNK_BYTES + 7), "the same in both"];
    const main = mesh.add({ engine: "Scanner", files: { "main.db": large, "deep/er/more.db": shared, empty: "" } });
    const extra = mesh.add({ engine: "scanner", set: "extra", files: { "extra.db": shared } });
    const { provision, seen } = await provide(storeOf(), [main, extra]);
    const at = provision.folder ?? "";
    expect((await readFile(join(at, "main.db"))).equals(large)).toBe(true);
    expect(await readFile(join(at, "deep/er/more.db"), "utf8")).toBe(shared);
    expect(await readFile(join(at, "extra.db"), "utf8")).toBe(shared);
    expect((await stat(join(at, "main.db"))).mode & 0o777).toBe(0o444);
    expect((await stat(join(at, "deep/er"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(at, "main.db"))).mtime.toISOString()).toBe("2026-01-02T03:04:05.000Z");
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    expect(await stored("files")).toHaveLength(3);
    const reads = mesh.reads.length;
    await provide(storeOf("two"), [extra, main]);
    expect(mesh.reads.length, "another agent of the host reads nothing again").toBe(reads);
    expect((await storeOf().recall([main, extra], signal)).folder).toBe(at);
  });

  test("go on where the fetching was cut off", async () => {
    const bundle = mesh.add({ engine: "Scanner", files: { a: randomBytes(1000), b: randomBytes(1000), c: randomBytes(1000) } });
    const ending = new AbortController();
    const reader = {
      read(sha256: string, n: number) {
        if (mesh.reads.length === 2) ending.abort(new Error("cut off"));
        return mesh.read(sha256, n);
      },
    };
    await expect(provide(storeOf("one", { reader }), [bundle], "Scanner", ending.signal)).rejects.toThrow("cut off");
    const before = (await stored("files")).length;
    expect(before).toBeGreaterThan(0);
    mesh.reads.length = 0;
    await writeFile(join(folder, "incoming", "left"), "by a killed agent");
    await provide(storeOf(), [bundle]);
    expect(mesh.reads).toHaveLength(3 - before);
    expect(await stored("incoming")).toEqual([]);
    const [file = ""] = await stored("files");
    await rm(join(folder, "files", file));
    await writeFile(join(folder, "files", file), Buffer.alloc(1000));
    mesh.reads.length = 0;
    await expect(storeOf().recall([bundle], signal)).rejects.toThrow("is gone or damaged");
    const { provision } = await provide(storeOf(), [bundle]);
    expect(mesh.reads, "what a power cut has left is fetched again").toEqual([`${file}.0`]);
    expect(await readdir(provision.folder ?? "")).toHaveLength(3);
  });

  test.each([
    ["a chunk is missing", (file: string) => mesh.chunks.delete(`${file}.0`), /lacks a part of its file a/],
    ["a file was altered", (file: string) => mesh.chunks.set(`${file}.0`, Buffer.from("other")), /damaged or was altered/],
    ["a file is longer", (file: string) => mesh.chunks.set(`${file}.0`, Buffer.alloc(99)), /damaged or was altered/],
    ["the manifest is gone", (_: string, digest: string) => mesh.chunks.delete(`${digest}.0`), /the mesh has no bundle/],
    ["the manifest was altered", (_: string, digest: string) => mesh.chunks.set(`${digest}.0`, Buffer.from("{}")), /was altered/],
  ])("are refused if %s", async (_, damage, reason) => {
    const bundle = mesh.add({ engine: "Scanner", files: { a: "bytes" } });
    const file = [...mesh.chunks.keys()].find((key) => !key.startsWith(bundle.digest))?.slice(0, 64) ?? "";
    damage(file, bundle.digest);
    await expect(provide(storeOf(), [bundle])).rejects.toThrow(reason);
    expect(await stored("files")).toEqual([]);
    expect(await stored("folders")).toEqual([]);
  });

  test("are refused if they are another engine's, or do not go together", async () => {
    const one = mesh.add({ engine: "Scanner", files: { a: "one" } });
    const other = mesh.add({ engine: "Scanner", set: "other", files: { a: "another" } });
    await expect(provide(storeOf(), [one], "Yara")).rejects.toThrow("is for the set main of Scanner");
    await expect(provide(storeOf(), [{ set: "other", digest: one.digest }])).rejects.toThrow("is for the set main");
    await expect(provide(storeOf(), [one, other])).rejects.toThrow("two of its bundles have a file a, and not the same");
  });

  test("that do not fit are refused before anything of them is fetched", async () => {
    const bundle = mesh.add({ engine: "Scanner", files: { a: randomBytes(3 * MiB) } });
    await expect(provide(storeOf("one", { limit: 2 * MiB }), [bundle])).rejects.toThrow(
      /need 3 MiB more, but SCANMESH_BUNDLES_DISK/,
    );
    await expect(provide(storeOf("one", { readFree: () => 66 * MiB }), [bundle])).rejects.toThrow(/has only 2 MiB free/);
    expect(mesh.reads).toEqual([`${bundle.digest}.0`]);
  });

  test("that no agent serves, served before or is to serve are removed", async () => {
    const store = storeOf();
    const versions = [1, 2, 3, 4].map((sequence) =>
      mesh.add({ engine: "Scanner", sequence, files: { same: "in all", own: `of ${sequence}` } }),
    );
    const [first, second, third, fourth] = versions.map((one) => [one]) as [
      ServedBundles,
      ServedBundles,
      ServedBundles,
      ServedBundles,
    ];
    await provide(store, first);
    await storeOf("other").writeServed({ other: { serving: first, previous: [], target: null } });
    for (const bundles of [second, third, fourth]) {
      await store.writeServed({ scanner: { serving: third, previous: second, target: bundles } });
      await provide(store, bundles);
    }
    expect(await stored("manifests")).toHaveLength(4);
    await storeOf("other").writeServed({});
    await store.writeServed({ scanner: { serving: fourth, previous: third, target: null } });
    await store.tidy(signal);
    expect((await stored("manifests")).toSorted()).toEqual([...third, ...fourth].map(({ digest }) => digest).toSorted());
    expect(await stored("files")).toHaveLength(3);
    expect(await stored("folders")).toHaveLength(2);
    await expect(store.recall(first, signal)).rejects.toThrow("is not in");
    expect(await store.readServed()).toEqual({ scanner: { serving: fourth, previous: third, target: null } });
    const month = new Date(Date.now() - 31 * 86_400_000);
    await utimes(join(folder, "agents", recordOf(ownerOf("one"))), month, month);
    await storeOf("other").tidy(signal);
    expect(await stored("files"), "its agent has been away for a month").toEqual([]);
  });

  test("an image that is there is not fetched, and a saved one is kept no longer than it takes to load it", async () => {
    const image = { reference: "localhost/engine", id: `sha256:${"a".repeat(64)}`, digest: null };
    const bundle = mesh.add({ engine: "Scanner", set: "image", image, files: { "image.tar": randomBytes(100) } });
    const loaded: (string | null)[] = [];
    const removed: string[] = [];
    const images = {
      load: ({ file }: { file: string | null }) => Promise.resolve(void loaded.push(file)),
      has: () => Promise.resolve(loaded.length > removed.length),
      remove: (id: string) => Promise.resolve(removed.push(id) > 0),
    };
    const store = storeOf("one", { images });
    await store.writeServed({ scanner: { serving: [bundle], previous: [], target: null } });
    const { provision } = await provide(store, [bundle]);
    expect([provision.folder, loaded]).toEqual([null, [expect.stringContaining("files")]]);
    expect(await stored("files")).toEqual([]);
    const reads = mesh.reads.length;
    await provide(store, [bundle]);
    expect([mesh.reads.length, loaded.length]).toEqual([reads, 1]);
    await store.writeServed({});
    await store.tidy(signal);
    expect(removed, "nobody needs it any more").toEqual([image.id]);
    await store.tidy(signal);
    expect(removed).toHaveLength(1);
  });

  test("a saved image is not fetched again while Docker is away, and not kept once it is known to be wrong", async () => {
    const image = { reference: "localhost/engine", id: `sha256:${"b".repeat(64)}`, digest: null };
    const bundle = mesh.add({ engine: "Scanner", set: "image", image, files: { "image.tar": randomBytes(100) } });
    let failure: Error = new Unavailable("Docker is away");
    const images = {
      has: () => Promise.resolve(false),
      load: () => Promise.reject(failure),
      remove: () => Promise.resolve(true),
    };
    const store = storeOf("one", { images });
    for (let tries = 0; tries < 3; tries++) await expect(provide(store, [bundle])).rejects.toThrow("Docker is away");
    expect(mesh.reads).toHaveLength(2);
    await store.writeServed({ scanner: { serving: [], previous: [], target: [bundle] } });
    await storeOf("other", { images }).tidy(signal);
    expect(await stored("files"), "the agent that is to serve it has not loaded it yet").toHaveLength(1);
    failure = new BundleError("it is another image");
    await expect(provide(store, [bundle])).rejects.toThrow("it is another image");
    expect(await stored("files")).toEqual([]);
  });

  test("an image that never loads is not waited for once nobody wants it", async () => {
    const image = { reference: "localhost/engine", id: `sha256:${"c".repeat(64)}`, digest: null };
    const bundle = mesh.add({ engine: "Scanner", set: "image", image, files: { "image.tar": randomBytes(100) } });
    const [loading, never] = [gate(), gate()];
    const images = {
      ...noImages,
      async load() {
        loading.open();
        await never.opened;
      },
    };
    const ending = new AbortController();
    const providing = provide(storeOf("one", { images }), [bundle], "Scanner", ending.signal);
    await loading.opened;
    ending.abort(new Error("wanted no more"));
    await expect(providing).rejects.toThrow("wanted no more");
  });
});

describe("a lock of a host's agents", () => {
  test("is held by one at a time, and taken over from one that was killed", async () => {
    await mkdir(folder, { recursive: true });
    const file = join(folder, "lock");
    const [begun, ended] = [gate(), gate()];
    const order: string[] = [];
    const first = withLock(file, { signal }, async () => {
      begun.open();
      await ended.opened;
      order.push("first");
    });
    await begun.opened;
    let waits = 0;
    const second = withLock(file, { signal, onWait: () => (waits += 1) }, () => Promise.resolve(order.push("second")));
    const given = new AbortController();
    const third = withLock(file, { signal: given.signal }, () => Promise.resolve(order.push("third")));
    given.abort(new Error("wanted no more"));
    await expect(third).rejects.toThrow();
    ended.open();
    await Promise.all([first, second]);
    expect([order, waits]).toEqual([["first", "second"], 1]);
    await writeFile(file, "of a killed one");
    await withLock(file, { signal, staleMs: 300 }, () => Promise.resolve(order.push("fourth")));
    expect(order.at(-1)).toBe("fourth");
    expect(await readdir(folder)).toEqual([]);
  });
});

import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BundleError } from "../../../scanner-agent/bundles/bundle-error.js";
import { createBundleStore, type BundleStore, type BundleStoreOptions } from "../../../scanner-agent/bundles/bundle-store.js";
import { fetchFile } from "../../../scanner-agent/bundles/fetch-file.js";
import { withLock } from "../../../scanner-agent/bundles/lock.js";
import { recordOf, type RecordOwner } from "../../../scanner-agent/bundles/served.js";
import { Unavailable } from "../../../scanner-agent/contract.js";
import type { ServedBundles } from "../../../schema/bundle.js";
import { BUNDLE_CHUNK_BYTES } from "../../../schema/bundle.js";
import { testLog } from "../../stage/log.js";
import { gate } from "../stage/puppet-engine.js";
import { storedBundles, type StoredBundles } from "./stored-bundles.js";

const MiB = 1024 ** 2;
let folder: string;
let mesh: StoredBundles;
const stores: BundleStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-bundles-"));
  mesh = storedBundles();
});
afterEach(async () => {
  for (const store of stores.splice(0)) store.stop();
  await rm(folder, { recursive: true, force: true });
});

const { signal } = new AbortController();
const noImages = { has: () => Promise.resolve(false), load: () => Promise.resolve(), remove: () => Promise.resolve(true) };

const ownerOf = (agent: string): RecordOwner => ({ agent, internet: "isolated", spool: "/spool" });

function storeOf(agent = "one", more: Partial<BundleStoreOptions> = {}): BundleStore {
  const options = {
    folder,
    owner: ownerOf(agent),
    limit: 64 * MiB,
    bytesPerSecond: 1024 * MiB,
    reader: mesh,
    images: noImages,
    log: testLog(agent),
  };
  const store = createBundleStore({ ...options, staleLockMs: 400, retryMs: 1, ...more });
  stores.push(store);
  return store;
}

async function provide(store: BundleStore, bundles: ServedBundles, engine = "Scanner", until = signal) {
  const seen: number[] = [];
  const waits: true[] = [];
  const provision = await store.provide(engine, bundles, {
    signal: until,
    onWait: () => waits.push(true),
    onProgress: (bytes, total) => seen.push(bytes / Math.max(total, 1)),
  });
  return { provision, seen, waits: waits.length };
}
const stored = (name: string) => readdir(join(folder, name));

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

  test("are fetched on from the chunk that was lost or cut, and not from the beginning", async () => {
    const content = randomBytes(3 * BUNDLE_CHUNK_BYTES + 5);
    const bundle = mesh.add({ engine: "Scanner", files: { "main.db": content } });
    const failures = [undefined, Buffer.from("cut"), new Unavailable("NATS is away")];
    const again = async (sha256: string, n: number) => {
      const bytes = await mesh.read(sha256, n);
      if (n !== 2 || failures.length === 0) return bytes;
      const failure = failures.shift();
      if (failure instanceof Error) throw failure;
      return failure;
    };
    const { provision } = await provide(storeOf("one", { reader: { read: again } }), [bundle]);
    expect((await readFile(join(provision.folder ?? "", "main.db"))).equals(content)).toBe(true);
    const numbers = mesh.reads.map((read) => read.split(".")[1]);
    expect(numbers.filter((n) => n === "2")).toHaveLength(4);
    expect(numbers).toHaveLength(1 + 4 + 3);
  });

  test("are fetched on from where they were when the mesh went away for longer, also by another process", async () => {
    const content = randomBytes(3 * BUNDLE_CHUNK_BYTES);
    const bundle = mesh.add({ engine: "Scanner", files: { "main.db": content } });
    const reader = {
      read: (sha256: string, n: number) => (n === 2 ? Promise.reject(new Unavailable("NATS is away")) : mesh.read(sha256, n)),
    };
    await expect(provide(storeOf("one", { reader }), [bundle])).rejects.toThrow("NATS is away");
    mesh.reads.length = 0;
    const { provision, seen } = await provide(storeOf(), [bundle]);
    expect(mesh.reads.map((read) => read.split(".")[1])).toEqual(["2"]);
    expect(seen.at(-1)).toBe(1);
    expect((await readFile(join(provision.folder ?? "", "main.db"))).equals(content)).toBe(true);
  });

  test("are fetched anew where a power cut has left something else of a file", async () => {
    const bundle = mesh.add({ engine: "Scanner", files: { "main.db": randomBytes(2 * BUNDLE_CHUNK_BYTES) } });
    const [file = ""] = [...mesh.chunks.keys()].filter((key) => !key.startsWith(bundle.digest)).map((key) => key.slice(0, 64));
    await storeOf().writeServed({});
    // A bundle that is known keeps what has arrived of it.
    await writeFile(join(folder, "manifests", bundle.digest), mesh.chunks.get(`${bundle.digest}.0`) ?? "");
    await writeFile(join(folder, "incoming", file), Buffer.alloc(BUNDLE_CHUNK_BYTES + 9));
    const { seen } = await provide(storeOf(), [bundle]);
    expect(mesh.reads.map((read) => read.split(".")[1])).toEqual(["1", "0", "1"]);
    expect(seen.at(-1)).toBe(1);
  });

  test("come as fast as is set, by their bytes and not by their number", async () => {
    const sizes = [3, 2 * BUNDLE_CHUNK_BYTES + 7, 0];
    for (const [n, size] of sizes.entries()) {
      const content = randomBytes(size);
      mesh.add({ engine: "Scanner", files: { [`file-${n}`]: content } });
      const asked: number[] = [];
      const pace = (bytes: number) => Promise.resolve(void asked.push(bytes));
      const file = { path: `file-${n}`, size, sha256: createHash("sha256").update(content).digest("hex") };
      await fetchFile(file, join(folder, file.path), { reader: mesh, pace, signal, onBytes: () => undefined });
      expect(asked.reduce((sum, one) => sum + one, 0)).toBe(size);
    }
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

describe("who has written what is on the disk", () => {
  test("agents of one id are told apart by their spools and their classes; what one was is kept for a month", async () => {
    const [one, two, three] = [1, 2, 3].map((n) => mesh.add({ engine: "Scanner", sequence: n, files: { own: `of ${n}` } }));
    const owners = [
      [one, ownerOf("one")],
      [two, { ...ownerOf("one"), spool: "/of another mesh" }],
      [three, { ...ownerOf("one"), internet: "internet" as const }],
    ] as const;
    for (const [bundle, owner] of owners) {
      const store = storeOf("", { owner });
      expect(await store.readServed()).toEqual({});
      await provide(store, bundle ? [bundle] : []);
      await store.writeServed({ scanner: { serving: bundle ? [bundle] : [], previous: [], target: null } });
    }
    await storeOf("one").tidy(signal);
    for (const [bundle, owner] of owners)
      expect((await storeOf("", { owner }).readServed())["scanner"]?.serving).toEqual([bundle]);
    expect(await stored("files")).toHaveLength(3);
    const month = new Date(Date.now() - 31 * 86_400_000);
    for (const [, owner] of owners) await utimes(join(folder, "agents", recordOf(owner)), month, month);
    // An agent that runs says so.
    await storeOf("one").touch();
    await storeOf("one").tidy(signal);
    expect(await stored("files"), "of the class and the mesh that it has left").toHaveLength(1);
    expect((await storeOf("one").recall(one ? [one] : [], signal)).bundles).toEqual([one]);
    const elsewhere = storeOf("", { owner: { ...ownerOf("one"), spool: "/of the doctor" } });
    expect([await elsewhere.readServed(), Object.keys(await elsewhere.findServed())]).toEqual([{}, ["scanner"]]);
  });

  const isRoot = process.getuid?.() === 0;
  test.each<[string, (at: string) => Promise<void>, RegExp]>([
    [
      "can be written by others",
      (at) => chmod(at, 0o777),
      /can be written by other users \(mode 777\), so nothing in it is used/,
    ],
    // Only root can give a folder away.
    ...(isRoot
      ? [["is another's", (at: string) => chown(at, 12_345, 12_345), /belongs to another user \(12345\)/] as never]
      : []),
  ])("nothing of a folder is read that %s", async (_, spoil, reason) => {
    const bundle = mesh.add({ engine: "Scanner", files: { a: "bytes" } });
    const store = storeOf();
    await provide(store, [bundle]);
    await store.writeServed({ scanner: { serving: [bundle], previous: [], target: null } });
    for (const part of [folder, join(folder, "agents")]) {
      const before = await stat(part);
      await spoil(part);
      for (const read of [store.readServed(), store.findServed(), store.recall([bundle], signal), provide(store, [bundle])])
        await expect(read).rejects.toThrow(reason);
      await expect(store.tidy(signal)).rejects.toThrow(reason);
      await chmod(part, before.mode);
      if (isRoot) await chown(part, before.uid, before.gid);
    }
    expect(Object.keys(await store.readServed())).toEqual(["scanner"]);
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

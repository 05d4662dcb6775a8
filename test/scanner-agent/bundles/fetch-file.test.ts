import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fetchFile } from "../../../scanner-agent/bundles/fetch-file.js";
import { Unavailable } from "../../../scanner-agent/contract.js";
import { BUNDLE_CHUNK_BYTES } from "../../../schema/bundle.js";
import { signal, storesOfHost } from "./store-stage.js";
import type { StoredBundles } from "./stored-bundles.js";

let folder: string;
let mesh: StoredBundles;
const { storeOf, provide } = storesOfHost((given) => ({ folder, mesh } = given));

describe("files of bundles", () => {
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
});

import { chmod, chown, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recordOf } from "../../../scanner-agent/bundles/served.js";
import { ownerOf, signal, storesOfHost } from "./store-stage.js";
import type { StoredBundles } from "./stored-bundles.js";

let folder: string;
let mesh: StoredBundles;
const { storeOf, provide, stored } = storesOfHost((given) => ({ folder, mesh } = given));

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
      await expect(store.readServed()).rejects.toThrow(reason);
      await expect(store.findServed()).rejects.toThrow(reason);
      await expect(store.recall([bundle], signal)).rejects.toThrow(reason);
      await expect(provide(store, [bundle])).rejects.toThrow(reason);
      await expect(store.tidy(signal)).rejects.toThrow(reason);
      await chmod(part, before.mode);
      if (isRoot) await chown(part, before.uid, before.gid);
    }
    expect(Object.keys(await store.readServed())).toEqual(["scanner"]);
  });
});

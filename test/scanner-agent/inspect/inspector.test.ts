import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchAll } from "../../../scanner-agent/inspect/formats/search.js";
import { createInspector, type Inspector } from "../../../scanner-agent/inspect/inspector.js";
import { testLog } from "../../stage/log.js";
import { CORPUS } from "./corpus.js";
import { removeKeys } from "./documents.js";

let folder: string;
let inspector: Inspector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-inspector-"));
  inspector = createInspector({ folder, programPath: process.env["PATH"] ?? "", opens: [], log: testLog("inspector") });
});
afterAll(async () => {
  await inspector.stop();
  removeKeys();
  await rm(folder, { recursive: true, force: true });
});

async function inspect(bytes: Buffer) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, sha256);
  await writeFile(path, bytes, { mode: 0o444 });
  return await inspector.inspect({ path, sha256, signatures: searchAll([bytes]) });
}

describe("what is found out", () => {
  test(`of ${CORPUS.length} files, no two of one name`, () => {
    expect(CORPUS.length).toBeGreaterThan(60);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });

  test.each(CORPUS)("$name", async ({ make, closed, packings }) => {
    const found = await inspect(await make());
    expect([...new Set(found.closed.map(({ state, format, path }) => `${state} ${format} ${path}`))]).toEqual(closed);
    if (packings !== undefined) {
      const told = found.packings.map(({ format, methods }) => [format, ...methods].join(" "));
      expect(told.toSorted()).toEqual(expect.arrayContaining([...packings]));
    }
  });
});

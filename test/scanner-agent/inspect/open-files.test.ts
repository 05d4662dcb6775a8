/**
 * Files as they are on any machine are open. A sample of them is looked into; all of them, and others, by
 * `SCANMESH_OPEN_FILES=/usr/bin:/usr/share:/opt npx vitest run test/scanner-agent/inspect/open-files.test.ts`.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { searchAll } from "../../../scanner-agent/inspect/formats/search.js";
import { createInspector, type Inspector } from "../../../scanner-agent/inspect/inspector.js";
import { testLog } from "../../stage/log.js";
import { hashes } from "../hashes.js";

const wanted = process.env["SCANMESH_OPEN_FILES"];
const FOLDERS = (wanted ?? "/usr/bin:/usr/share/doc:/usr/share/perl5:node_modules").split(":");
const MOST_BYTES = wanted === undefined ? 4 * 1024 * 1024 : 256 * 1024 * 1024;
const SAMPLED = 150;

let folder: string;
let inspector: Inspector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-open-files-"));
  inspector = createInspector({ folder, programPath: process.env["PATH"] ?? "", opens: [], log: testLog("open-files") });
});
afterAll(async () => {
  await inspector.stop();
  await rm(folder, { recursive: true, force: true });
});

function filesIn(place: string): string[] {
  const all = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = all.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  const step = wanted === undefined ? Math.max(1, Math.floor(files.length / SAMPLED)) : 1;
  return files.filter((file, i) => i % step === 0 && statSync(file).size <= MOST_BYTES);
}

test.each(FOLDERS)("nothing is closed in %s", { timeout: wanted === undefined ? 60_000 : 36_000_000 }, async (place) => {
  const closed: string[] = [];
  let looked = 0;
  for (const path of filesIn(place)) {
    const bytes = readFileSync(path);
    const signatures = searchAll([bytes]);
    if (signatures.length > 0) looked += 1;
    const found = await inspector.inspect({ path, sha256: hashes(bytes).sha256, signatures });
    const facts = found.closed.filter(({ state }) => state === "ENCRYPTED" || state === "DAMAGED");
    if (facts.length > 0) closed.push(`${path}: ${JSON.stringify(facts[0])}`);
  }
  expect(closed).toEqual([]);
  // Programs of compressed documents are looked into; most files need no process.
  if (place === "/usr/share/doc") expect(looked).toBeGreaterThan(0);
});

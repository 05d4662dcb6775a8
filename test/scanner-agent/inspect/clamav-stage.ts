/** A real clamd beside the inspector, as an agent has them. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../../schema/paths.js";
import { done, type Outcome } from "../../../scanner-agent/contract.js";
import { searchAll } from "../../../scanner-agent/inspect/formats/search.js";
import { createInspector } from "../../../scanner-agent/inspect/inspector.js";
import { judge } from "../../../scanner-agent/inspect/judge.js";
import { loadManifests } from "../../../scanner-agent/manifest/engine-loader.js";
import { parseClamd } from "../../../scanner-agent/parsers/clamd.js";
import { createClamdRunner } from "../../../scanner-agent/runners/clamd/clamd.js";
import { testLog } from "../../stage/log.js";
import { hashes } from "../hashes.js";
import { makeDatabase } from "../runners/clamd/clamav-database.js";

const { manifests } = await loadManifests([projectPath("scanner-agent", "engines")]);
/** ClamAV's own. */
export const manifest = manifests.find((one) => one.manifest.name === "ClamAV")?.manifest;

export interface ClamavStage {
  /** What clamd says, and what becomes of that. */
  scan(bytes: Buffer): Promise<{ own: string; judged: string }>;
  /** What becomes of CLEAN. */
  scanAsClean(bytes: Buffer): Promise<string>;
  stop(): Promise<void>;
}

/** Starts both; clamd knows these files by their hashes, so it finds one only where it has opened all around it. */
export async function startClamav(known: readonly Buffer[]): Promise<ClamavStage> {
  const log = testLog("clamav");
  const database = await makeDatabase();
  const signatures = known.map((bytes) => `${hashes(bytes).md5}:${bytes.length}:Known\n`);
  await writeFile(join(database.folder, "known.hdb"), signatures.join(""));
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-opens-"));
  const runner = createClamdRunner({
    database: database.folder,
    slots: 2,
    timeoutMs: 20_000,
    programPath: "",
    owner: folder,
    log,
  });
  await runner.start();
  const inspector = createInspector({ folder, programPath: process.env["PATH"] ?? "", opens: [manifest?.opens], log });

  async function store(bytes: Buffer) {
    const all = hashes(bytes);
    const path = join(folder, all.sha256);
    await writeFile(path, bytes, { mode: 0o644 });
    return { path, ...all, size: bytes.length };
  }

  async function judged(outcome: Outcome, bytes: Buffer): Promise<string> {
    const { path, sha256 } = await store(bytes);
    const found = await inspector.inspect({ path, sha256, signatures: searchAll([bytes]) });
    const { outcome: after } = judge(outcome, found, { name: "ClamAV", opens: manifest?.opens });
    return after.verdict ?? after.cause ?? after.state;
  }

  return {
    async scan(bytes) {
      const options = { timeoutMs: 60_000, signal: new AbortController().signal, alone: false };
      const outcome = parseClamd(await runner.run(await store(bytes), options));
      return { own: outcome.verdict ?? outcome.state, judged: await judged(outcome, bytes) };
    },
    scanAsClean: (bytes) => judged(done("CLEAN", null, null), bytes),
    async stop() {
      await inspector.stop();
      await runner.stop();
      await database.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

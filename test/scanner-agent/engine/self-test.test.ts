/** The self-test of ClamAV, with a real clamd. */

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectPath } from "../../../schema/paths.js";
import type { Manifest } from "../../../schema/manifest.js";
import { createSelfTest, type SelfTest } from "../../../scanner-agent/engine/self-test.js";
import { loadManifests } from "../../../scanner-agent/manifest/engine-loader.js";
import { parseClamd } from "../../../scanner-agent/parsers/clamd.js";
import { findProgram } from "../../../scanner-agent/processes/programs.js";
import { createClamdRunner } from "../../../scanner-agent/runners/clamd/clamd.js";
import { openSpool, type Spool } from "../../../scanner-agent/samples/spool.js";
import { hasClamd, makeDatabase, type Database } from "../runners/clamd/clamav-database.js";
import { runOptions } from "../runners/samples.js";

const { manifests } = await loadManifests([projectPath("scanner-agent", "engines")]);
const manifest = manifests.find((one) => one.manifest.name === "ClamAV")?.manifest as Manifest;
const log = pino({ level: "silent" });
let folder: string;
let spool: Spool;
let database: Database;
let selfTest: SelfTest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-self-test-"));
  await chmod(folder, 0o755);
  spool = await openSpool(join(folder, "spool"));
  selfTest = await createSelfTest(spool);
  database = await makeDatabase();
  await database.addEicar();
});
afterAll(async () => {
  await spool.remove();
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

/** What the self-test says of a clamd whose configuration has these alerts turned off. */
async function silenceWithout(...alerts: string[]): Promise<readonly string[]> {
  const programs = join(folder, `without-${alerts.join("-")}`);
  await mkdir(programs);
  const edits = alerts.map((alert) => `-e s/^${alert}.*/${alert}\\ no/`).join(" ");
  const script = `#!/bin/sh\nsed -i ${edits} "\${1#--config-file=}"\nexec ${await findProgram("clamd", "")} "$@"\n`;
  await writeFile(join(programs, "clamd"), script, { mode: 0o755 });
  const programPath = alerts.length === 0 ? "" : programs;
  const runner = createClamdRunner({
    database: database.folder,
    slots: 1,
    timeoutMs: 30_000,
    programPath,
    owner: programs,
    log,
  });
  await runner.start();
  try {
    return await selfTest(manifest, async (sample) => parseClamd(await runner.run(sample, runOptions())));
  } finally {
    await runner.stop();
  }
}

describe.skipIf(!hasClamd)("ClamAV's self-test", () => {
  test("has nothing to say of the agent's own configuration", async () => {
    expect(await silenceWithout()).toEqual([]);
  });

  test("names what a configuration keeps silent about, which the inspector decides alone", async () => {
    const encrypted = expect.stringMatching(/^it answers OK to an encrypted archive, .* `AlertEncrypted yes`/) as string;
    const deep = expect.stringMatching(/^it answers OK to an archive that is nested deeper .* `AlertExceedsMax yes`/) as string;
    expect(await silenceWithout("AlertEncrypted", "AlertExceedsMax")).toEqual([encrypted, deep]);
    expect(await silenceWithout("AlertEncrypted")).toEqual([encrypted]);
    expect(await silenceWithout("AlertExceedsMax")).toEqual([deep]);
  });
});

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Unavailable, type Outcome, type Runner } from "../../../../scanner-agent/contract.js";
import { parseClamd } from "../../../../scanner-agent/parsers/clamd.js";
import { createClamdRunner } from "../../../../scanner-agent/runners/clamd/clamd.js";
import { EICAR } from "../../eicar.js";
import { runOptions, sampleFile } from "../samples.js";
import { hasClamd, makeDatabase, type Database } from "./clamav-database.js";

let folder: string;
let signatures: Database;
let on: Runner;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-signatures-"));
  signatures = await makeDatabase();
  await signatures.addEicar();
  const log = pino({ level: "silent" });
  on = createClamdRunner({ database: signatures.folder, slots: 1, timeoutMs: 30_000, programPath: "", owner: folder, log });
});
afterEach(async () => {
  await on.stop();
  await signatures.remove();
  await rm(folder, { recursive: true, force: true });
});

async function scan(bytes: Buffer): Promise<Outcome> {
  return parseClamd(await on.run(await sampleFile(folder, bytes), runOptions()));
}

describe.skipIf(!hasClamd)("clamd", () => {
  test.each([
    ["a dangling link", (path: string) => symlink("/nowhere", path), "cannot be read: ENOENT"],
    ["a link to itself", (path: string) => symlink(path, path), "cannot be read: ELOOP"],
    ["a folder", (path: string) => mkdir(path), "is a folder, not a file"],
    ["a named pipe", async (path: string) => void execFileSync("mkfifo", [path]), "is not a regular file"],
  ])("goes on with all other signatures beside %s that is named like some, which is told", async (_, make, sentence) => {
    const odd = join(signatures.folder, "a.ndb");
    await make(odd);
    await on.start();
    await on.versions();
    expect(on.warnings?.()).toEqual([expect.stringContaining(`${odd}: ${sentence}`)]);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    await rm(odd, { recursive: true });
    // Where clamd did not see the folder itself it is restarted, so that it does again.
    await on.versions().catch(async (error: unknown) => {
      expect(error).toBeInstanceOf(Unavailable);
      await on.start();
      await on.versions();
    });
    expect(on.warnings?.()).toEqual([]);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("that meets a folder named like signatures while it runs is restarted without it", async () => {
    await on.start();
    await mkdir(join(signatures.folder, "a.ndb"));
    await expect(on.versions()).rejects.toThrow(Unavailable);
    await on.start();
    await expect(on.versions()).resolves.toBeDefined();
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    await signatures.addOther();
    await expect(on.versions(), "it is restarted for new signatures").rejects.toThrow(Unavailable);
    await on.start();
    expect(await scan(Buffer.from("a word of the test's own"))).toMatchObject({ verdict: "INFECTED" });
  });

  test("keeps its signatures while their folder is away, which is told", async () => {
    await on.start();
    await rename(signatures.folder, `${signatures.folder}-old`);
    const versions = await on.versions();
    expect(on.warnings?.()).toEqual([expect.stringMatching(/^no signatures in .*; what was loaded before stays in use$/)]);
    await on.start();
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    await rename(`${signatures.folder}-old`, signatures.folder);
    expect(await on.versions()).toEqual(versions);
    expect(on.warnings?.()).toEqual([]);
  });
});

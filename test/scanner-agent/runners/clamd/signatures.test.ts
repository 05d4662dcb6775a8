import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Instance, Outcome, Runner } from "../../../../scanner-agent/contract.js";
import { commandLine } from "../../../../scanner-agent/processes/process-table.js";
import { parseClamd } from "../../../../scanner-agent/parsers/clamd.js";
import { createClamdRunner } from "../../../../scanner-agent/runners/clamd/clamd.js";
import { findDaemonFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { until } from "../../stage/bus-stage.js";
import { EICAR } from "../../eicar.js";
import { runOptions, sampleFile } from "../samples.js";
import { clamdWith, hasClamd, makeDatabase, type Database } from "./clamav-database.js";

let folder: string;
let signatures: Database;
let on: Runner;
const logged: string[] = [];
const OTHER = Buffer.from("a word of the test's own");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-signatures-"));
  signatures = await makeDatabase();
  await signatures.addEicar();
  logged.length = 0;
  const log = pino({ level: "warn" }, { write: (line) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  const fence = () => findDaemonFence({ folder, programPath: "" });
  const options = { slots: 1, timeoutMs: 30_000, programPath: "", owner: folder, log, fence };
  on = createClamdRunner({ database: signatures.folder, ...options });
});
afterEach(async () => {
  await on.stop();
  await signatures.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Looks for new signatures, as an agent does, until they find the sample. */
async function whenFound(bytes: Buffer): Promise<void> {
  await until("the new signatures are used", async () => {
    await on.versions();
    return (await scan(bytes)).verdict === "INFECTED";
  });
}

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
    expect(on.warnings?.()).toEqual([expect.stringContaining(`${odd} ${sentence}`)]);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    await rm(odd, { recursive: true });
    await on.versions();
    expect(on.warnings?.()).toEqual([]);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test.each([
    ["a folder", (path: string) => mkdir(path)],
    ["a named pipe", async (path: string) => void execFileSync("mkfifo", [path])],
  ])("loads what is new beside %s named like signatures while it serves", async (_, make) => {
    await on.start();
    await make(join(signatures.folder, "a.ndb"));
    await signatures.addOther();
    await whenFound(OTHER);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("loads a file that is replaced under its name, and drops one that is removed", async () => {
    await on.start();
    await signatures.addOther();
    await whenFound(OTHER);
    await rename(join(signatures.folder, "Other-Test.ndb"), join(signatures.folder, "Eicar-Test.ndb"));
    await until("EICAR is not known any more", async () => {
      await on.versions();
      return (await scan(EICAR)).verdict === "CLEAN";
    });
    expect(await scan(OTHER)).toMatchObject({ verdict: "INFECTED" });
  });

  test.each([
    ["daily.cvd", randomBytes(300)],
    ["more.ndb", Buffer.from("nonsense\n")],
  ])(
    "keeps what it has, and its date, beside a %s that does not load; that is told until it is put right",
    async (name, bytes) => {
      await on.start();
      const before = await on.versions();
      const bad = join(signatures.folder, name);
      await writeFile(bad, bytes);
      const [warning] = await until("it is told", async () => {
        expect(await on.versions()).toEqual(before);
        return on.warnings?.().length === 1 && on.warnings();
      });
      expect(warning).toMatch(/^ClamAV keeps serving its old signatures; it would not start again: .*[Mm]alformed/);
      expect(warning).toContain(bad);
      expect(logged).toContain(warning);
      expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
      await on.start();
      expect(await on.versions(), "what serves is not started anew").toEqual(before);
      await rm(bad);
      await on.versions();
      expect(on.warnings?.()).toEqual([]);
      await signatures.addOther();
      await whenFound(OTHER);
      expect(Date.parse((await on.versions()).signatureDate ?? "")).toBeGreaterThan(Date.parse(before.signatureDate ?? ""));
    },
  );

  test("says of each answer which signatures gave it, while others take their place under load, and loses no scan", async () => {
    const YEAR = 365 * 24 * 3_600_000;
    const dateOf = (version: number) => new Date(Date.UTC(2020, 0, 1) + version * YEAR);
    const write = async (version: number) => {
      const [file, next] = [join(signatures.folder, "Eicar-Test.ndb"), join(folder, "next")];
      await writeFile(next, `Version-${version}:0:*:${OTHER.toString("hex")}\n`);
      await utimes(next, dateOf(version), dateOf(version));
      await rename(next, file);
    };
    const sample = await sampleFile(folder, OTHER);
    const seen = new Set<string>();
    const prints = new Map<string, Set<string>>();
    let isOver = false;
    async function scanOn(): Promise<void> {
      while (!isOver) {
        let by: Instance | undefined;
        const before = await on.fingerprint?.();
        const { signature } = parseClamd(await on.run(sample, runOptions({ onStart: (instance) => (by = instance) })));
        const after = await on.fingerprint?.();
        const version = Number(/Version-(\d)/.exec(signature ?? "")?.[1]);
        expect(by?.versions.signatureDate).toBe(dateOf(version).toISOString());
        seen.add(`${version}`);
        // An answer is kept for what it depends on only if that was the same before and after.
        if (before && before === after) prints.set(before, (prints.get(before) ?? new Set()).add(`${version}`));
      }
    }
    await write(1);
    await on.start();
    let replaced = 0;
    on.onReplaced?.(() => (replaced += 1));
    const load = [scanOn(), scanOn(), scanOn()];
    try {
      for (const version of [2, 3]) {
        await write(version);
        await until(`version ${version} answers`, async () => {
          await on.versions();
          return seen.has(`${version}`);
        });
      }
    } finally {
      isOver = true;
    }
    await Promise.all(load);
    expect(replaced).toBe(2);
    expect([...seen]).toEqual(["1", "2", "3"]);
    for (const versions of prints.values()) expect(versions.size, "a fingerprint is of one version").toBe(1);
  });

  test("that is started for new signatures is ended with its runner", async () => {
    await on.start();
    const pid = await clamdWith(signatures);
    await signatures.addOther();
    for (let look = 0; look < 2; look++) await on.versions();
    await on.stop();
    await until("none is left", async () => !(await clamdWith(signatures).catch(() => undefined)));
    expect(await commandLine(pid)).toEqual([]);
  });

  test("does not restart, nor refuse a scan, while its signatures are written to", async () => {
    await on.start();
    const pid = await clamdWith(signatures);
    for (let turn = 0; turn < 8; turn++) {
      await appendFile(join(signatures.folder, "growing.ndb"), `Grown-${turn}:0:*:${"67".repeat(8 + turn)}\n`);
      await on.versions();
      expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    }
    expect(await clamdWith(signatures)).toBe(pid);
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

  test("has the fingerprint of what is loaded: another once it has loaded others, though VERSION reads the same", async () => {
    const print = async () => {
      await on.versions();
      return on.fingerprint?.();
    };
    await on.start();
    const [before, { engine, signatures: version }] = [await print(), await on.versions()];
    expect(before).not.toBeNull();
    expect(await print()).toBe(before);
    await signatures.addOther();
    expect(await on.fingerprint?.(), "clamd has not been told yet").toBe(before);
    await until("others are loaded", async () => {
      const now = await print();
      return now !== null && now !== before;
    });
    expect(await scan(OTHER)).toMatchObject({ verdict: "INFECTED" });
    expect(await on.versions()).toMatchObject({ engine, signatures: version });
    await on.stop();
    expect(await on.fingerprint?.()).toBeNull();
  });
});

import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  Cancelled,
  Failed,
  TimedOut,
  Unavailable,
  type Outcome,
  type RunOptions,
  type Runner,
} from "../../../../scanner-agent/contract.js";
import { parseClamd } from "../../../../scanner-agent/parsers/clamd.js";
import { commandLine, signal } from "../../../../scanner-agent/processes/process-table.js";
import { CLAMD_LIMITS } from "../../../../scanner-agent/runners/clamd/limits.js";
import { folderPrefix } from "../../../../scanner-agent/runners/clamd/daemon.js";
import { readVersion } from "../../../../scanner-agent/runners/clamd/protocol.js";
import { createClamdRunner, type ClamdOptions } from "../../../../scanner-agent/runners/clamd/clamd.js";
import { until } from "../../stage/bus-stage.js";
import { hasClamd, makeDatabase, type Database } from "./clamav-database.js";
import { CLEAN, EICAR } from "../../eicar.js";
import { unsignedDatabase } from "../../fetcher/mirror.js";
import { runOptions, sampleBytes, sampleFile } from "../samples.js";

const log = pino({ level: "silent" });
let folder: string;
let database: Database;
const runners: Runner[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-clamd-"));
  database = await makeDatabase();
  await database.addEicar();
});
afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.stop())));
afterAll(async () => {
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

function clamd(more: Partial<ClamdOptions> = {}): Runner {
  const owner = join(folder, String(runners.length));
  const made = createClamdRunner({
    database: database.folder,
    slots: 2,
    timeoutMs: 30_000,
    programPath: "",
    owner,
    log,
    ...more,
  });
  runners.push(made);
  return made;
}

async function scan(on: Runner, bytes: Buffer, options: RunOptions = runOptions()): Promise<Outcome> {
  return parseClamd(await on.run(await sampleFile(folder, bytes), options));
}

async function scanBytes(on: Runner, bytes: Buffer): Promise<Outcome> {
  return parseClamd(await on.run(sampleBytes(bytes), runOptions()));
}

/** The clamd of a runner made above, found by its command line. */
async function pidOf(n = 0): Promise<number> {
  const mark = folderPrefix(join(folder, String(n)));
  for (const name of await readdir("/proc")) {
    const words = /^\d+$/.test(name) ? await commandLine(Number(name)) : [];
    if (words[0]?.endsWith("clamd") && words.some((word) => word.includes(mark))) return Number(name);
  }
  throw new Error("no clamd runs");
}

/** How many sockets there are at its end: the one that listens, and one for each connection. */
async function connections(): Promise<number> {
  const mark = folderPrefix(join(folder, "0"));
  return (await readFile("/proc/net/unix", "utf8")).split("\n").filter((line) => line.includes(mark)).length;
}

describe.skipIf(!hasClamd)("clamd", () => {
  test("that is too old for its signatures says so, and how many of them it has loaded", async () => {
    const old = await makeDatabase();
    onTestFinished(() => old.remove());
    const newer = "ScanMesh.Newer:0:*:6e65776572:255:256";
    await writeFile(join(old.folder, "daily.cud"), await unsignedDatabase("daily", 27_500, { level: 999, ndb: [newer] }));
    const runner = clamd({ database: old.folder });
    await runner.start();
    expect([runner.isOutdated?.(), runner.warnings?.()]).toEqual([
      true,
      [
        expect.stringMatching(
          /^ClamAV [\d.]+ is too old for its signatures: update the package\. daily\.cud is made for functionality level 999\. It has loaded 1 of 2 signatures\.$/,
        ),
      ],
    ]);
    const usual = clamd();
    await usual.start();
    expect([usual.isOutdated?.(), usual.warnings?.()]).toEqual([false, []]);
  });

  test("finds EICAR, and nothing in a clean or an empty sample, whether that is a file or in memory", async () => {
    const on = clamd();
    await on.start();
    for (const scanAs of [scan, scanBytes]) {
      expect(await scanAs(on, EICAR)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar-Test.UNOFFICIAL" });
      expect(await scanAs(on, CLEAN)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
      expect(await scanAs(on, Buffer.alloc(0))).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    }
    expect(await on.versions()).toMatchObject({
      engine: expect.stringMatching(/^\d+\.\d+/) as string,
      signatureDate: expect.stringMatching(/Z$/) as string,
    });
  });

  test("says of a file over its limit that it is unscanned, even if a signature matches its beginning", async () => {
    const on = clamd({ limits: { ...CLAMD_LIMITS, MaxFileSize: "1M" } });
    await on.start();
    expect(await scan(on, Buffer.concat([EICAR, Buffer.alloc(2_000_000)]))).toMatchObject({ state: "UNSCANNED", verdict: null });
    expect(await scan(on, Buffer.alloc(900_000))).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  });

  test("says of an encrypted archive that it is unscanned", async () => {
    const on = clamd();
    await on.start();
    expect(await scan(on, encryptedZip())).toMatchObject({
      state: "UNSCANNED",
      error: expect.stringContaining("encrypted") as string,
    });
  });

  test("scans many at once, each with its own answer", async () => {
    const on = clamd();
    await on.start();
    const samples = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0 ? Buffer.concat([EICAR, Buffer.from(`\n${n}`)]) : randomBytes(300_000),
    );
    const outcomes = await Promise.all(samples.map((bytes) => scan(on, bytes)));
    expect(outcomes.map((outcome) => outcome.verdict)).toEqual(samples.map((_, n) => (n % 2 === 0 ? "INFECTED" : "CLEAN")));
  });

  test("that is killed is unavailable, tells so, and works after it is started again", async () => {
    const on = clamd();
    const lost: string[] = [];
    on.onLost?.((reason) => lost.push(reason));
    await on.start();
    signal(await pidOf(), "SIGKILL");
    await until("the loss is told", () => Promise.resolve(lost[0]));
    await expect(scan(on, EICAR)).rejects.toThrow(Unavailable);
    await on.start();
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("that is killed by the only sample it has makes that sample failed; of several, each may be innocent", async () => {
    const on = clamd();
    await on.start();
    const large = await sampleFile(folder, randomBytes(50_000_000));
    const endDuring = async (...begin: (() => Promise<unknown>)[]) => {
      const pid = await pidOf();
      signal(pid, "SIGSTOP");
      const before = await connections();
      const runs = begin.map((run) => run());
      await until("it has all of them", async () => (await connections()) === before + runs.length);
      signal(pid, "SIGKILL");
      return (await Promise.allSettled(runs)).map((run) => (run.status === "rejected" ? (run.reason as Error).name : "answered"));
    };
    expect(await endDuring(() => on.run(large, runOptions({ alone: true })))).toEqual([new Failed().name]);
    await until("clamd works again", async () => on.start().then(() => true));
    const run = () => on.run(large, runOptions());
    expect(await endDuring(run, run)).toEqual([new Unavailable().name, new Unavailable().name]);
  });

  test("that does not answer in time is timed out", async () => {
    const on = clamd();
    await on.start();
    const pid = await pidOf();
    signal(pid, "SIGSTOP");
    await expect(scan(on, CLEAN, runOptions({ timeoutMs: 300 }))).rejects.toThrow(TimedOut);
    signal(pid, "SIGCONT");
    expect(await scan(on, CLEAN)).toMatchObject({ verdict: "CLEAN" });
  });

  test("keeps its slot taken by a cancelled sample until it has looked at it: nothing makes it stop", async () => {
    const on = clamd();
    await on.start();
    const pid = await pidOf();
    const ending = new AbortController();
    signal(pid, "SIGSTOP");
    let over = false;
    const running = scan(on, CLEAN, runOptions({ signal: ending.signal }));
    const ended = () => (over = true);
    running.then(ended, ended);
    ending.abort(new Cancelled());
    await new Promise(setImmediate);
    expect(over).toBe(false);
    signal(pid, "SIGCONT");
    await expect(running).rejects.toThrow(Cancelled);
    expect(await scan(on, CLEAN)).toMatchObject({ verdict: "CLEAN" });
  });

  test("without signatures is unavailable and says where it looked", async () => {
    const empty = await makeDatabase();
    await expect(clamd({ database: empty.folder }).start()).rejects.toThrow(`no signatures in ${empty.folder}`);
    await empty.remove();
    await expect(clamd({ database: join(folder, "nowhere") }).start()).rejects.toThrow("no signatures in");
  });

  test("with signatures that do not load is unavailable with its own words", async () => {
    const broken = await makeDatabase();
    await broken.addEicar();
    const file = join(broken.folder, "Eicar-Test.ndb");
    await writeFile(file, "nonsense\n");
    await expect(clamd({ database: broken.folder }).start()).rejects.toThrow(/clamd does not start: .*[Mm]alformed/);
    await broken.remove();
  });

  test("leaves neither process nor folder behind", async () => {
    const on = clamd();
    await on.start();
    const pid = await pidOf();
    const config = (await commandLine(pid)).find((word) => word.includes("scanmesh-clamd-"))?.replace("--config-file=", "") ?? "";
    await on.stop();
    expect(await commandLine(pid)).toEqual([]);
    await expect(readFile(config)).rejects.toThrow("ENOENT");
  });
});

describe.skipIf(!hasClamd)("a clamd that outlived its agent and its guard", () => {
  test("is ended by the next agent of the same spool", async () => {
    const on = clamd();
    await on.start();
    const pid = await pidOf();
    const next = createClamdRunner({
      database: database.folder,
      slots: 1,
      timeoutMs: 1_000,
      programPath: "",
      owner: join(folder, "0"),
      log,
    });
    await next.start();
    runners.push(next);
    expect(await commandLine(pid)).toEqual([]);
  });
});

test("clamd's version is told with its signatures where there is a daily database", () => {
  const newest = new Date("2026-01-02T03:04:05Z");
  expect(readVersion("ClamAV 1.4.6/27500/Thu Nov 19 08:21:04 2026", newest)).toEqual({
    engine: "1.4.6",
    signatures: "27500",
    signatureDate: "2026-11-19T08:21:04.000Z",
  });
  expect(readVersion("ClamAV 1.4.6", newest)).toEqual({ engine: "1.4.6", signatures: null, signatureDate: newest.toISOString() });
});

/** A zip of one file whose header says that it is encrypted. */
function encryptedZip(): Buffer {
  const name = Buffer.from("secret.txt");
  const data = randomBytes(64);
  const entry = Buffer.alloc(26);
  entry.writeUInt16LE(20, 0);
  entry.writeUInt16LE(1, 2);
  entry.writeUInt32LE(data.length, 14);
  entry.writeUInt32LE(data.length - 12, 18);
  entry.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), entry, name, data]);
  const rest = Buffer.alloc(14);
  const central = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), entry, rest, name]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from("PK\x05\x06"), end]);
}

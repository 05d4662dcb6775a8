/** A MultiAV2 database as that program leaves it, duplicates and stuck rows included, and what this mesh makes of it. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { createDatabase, openTestDatabase } from "../stage/database.js";
import { ask } from "../gateway/http/http-client.js";
import { engine, startPuppet } from "../stage/puppet-agent.js";
import { startStage, until } from "../stage/stage.js";
import { contents, importFrom, insertOwnScan } from "./multiav-import.js";
import { CLEAN, END, hash, makeMultiAv, START, type MultiAv } from "./multiav-database.js";

let source: MultiAv;

beforeAll(async () => void (source = await makeMultiAv()));
afterAll(() => source.db.destroy());

const runImport = (into: string, ...args: string[]) => importFrom(source.url, into, ...args);

describe("into a mesh that never had a scan", () => {
  it("keeps the reports' ids and reads through /api/v1 as the contract says", async () => {
    const stage = await startStage();
    const imported = await runImport(stage.databaseUrl);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.stdout.split("\n")).toEqual([
      "report 3: 3 rows of ClamAV became one",
      "report 7: MultiAV2 had not finished it (ClamAV, Virus-Total had not finished); the next run reads it again",
      "report 8 is left out: its sample has no sha256",
      "",
    ]);
    expect(imported.stderr).toContain("5 reports with 9 results imported; they keep their ids.");
    expect(imported.stderr).toContain(
      "2 rows were duplicates of an engine; 2 results had never finished and are FAILED; 1 could not be read.",
    );
    expect(imported.stderr).toContain("1 samples had no report; 1 reports are left out.");
    const audited = await stage.db
      .selectFrom("audit_events")
      .select(["action", "address", "subject", "details"])
      .orderBy("id")
      .execute();
    const event = { action: "importMultiAv", address: "command line", subject: "1" };
    expect(audited).toEqual([
      { ...event, details: { scans: 5, lastReport: 9 } },
      { ...event, details: { samples: 1 } },
    ]);

    const gateway = await stage.gateway();
    const get = async (path: string) => (await ask(`${gateway.url}${path}`)).json();
    const list = (await get("/api/v1/sample")) as unknown as { id: number }[];
    expect(list.map(({ id }) => id)).toEqual([3, 4, 5, 7, 9]);
    expect(list[0]).toEqual({
      id: 3,
      name: "one.exe",
      md5: hash("md5", "one.exe"),
      sha1: hash("sha1", "one.exe"),
      sha256: hash("sha256", "one.exe"),
      size: "537043",
      start_date: START,
      end_date: END,
    });
    expect(await get("/api/v1/sample/3")).toMatchObject({
      verdict: "infected",
      detections: 1,
      engines: { total: 3, done: 3, skipped: 0 },
      result: [
        {
          name: "ClamAV",
          infected: false,
          result: "",
          engine: "0.100.2",
          updated: "20190509",
          known: "6802108",
          speed: -1,
          plugin_type: 1,
          queued: 0,
          scanning: 0,
        },
        { name: "FileInfo", infected: "", magic: { mime: "text/xml\ufffd" }, ssdeep: "24:x", plugin_type: 2 },
        {
          name: "FSecure",
          infected: true,
          result: "Trojan",
          database: "2019-05-01_03",
          results: { fse: "Trojan", aquarius: "" },
          speed: 1,
        },
      ],
    });
    expect(await get("/api/v1/sample/4")).toMatchObject({ verdict: "clean" });
    expect(await get("/api/v1/sample/5")).toMatchObject({
      verdict: "inconclusive",
      result: [{ infected: false }, { name: "FSecure", infected: "", error: "exit status 2", engine: "-", updated: "-" }],
    });
    expect(await get("/api/v1/sample/7")).toMatchObject({
      end_date: START,
      verdict: "inconclusive",
      result: [
        { name: "ClamAV", infected: "", error: "never finished", queued: 0, scanning: 0 },
        { name: "Virus-Total", infected: "", error: "never finished", has_internet: true, plugin_type: 3 },
      ],
    });
    expect(await get("/api/v1/sample/9")).toMatchObject({
      start_date: END,
      result: [{ error: "its result cannot be read", infected: "" }],
    });

    // An engine that is known by the import alone is what the first agent that has it says.
    const agent = await startPuppet(stage, "puppet", [engine("FSecure", { speed: "FAST" }), engine("ClamAV")]);
    await until("it is as the agent says", async () => {
      const row = await stage.db
        .selectFrom("engines")
        .select(["speed", "last_healthy_at"])
        .where("name", "=", "FSecure")
        .executeTakeFirst();
      return row?.speed === "FAST" && row.last_healthy_at !== null;
    });
    const body = JSON.stringify({ allow_internet: "False", minspeed: 3, sample: "", sample_name: "new" });
    expect((await ask(`${gateway.url}/api/v1/sample`, { method: "POST", body })).json()).toMatchObject({ id: 10 });
    await agent.close();
    await stage.stop();
  });
});

describe("an import", () => {
  let target: Awaited<ReturnType<typeof openTestDatabase>>;
  beforeEach(async () => {
    target = await openTestDatabase();
    return () => target.close();
  });

  it("again changes nothing, and takes what is new", async () => {
    await runImport(target.url);
    const before = await contents(target.db);
    expect(await runImport(target.url)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("0 reports with 0 results imported, 6 were before"),
    });
    expect(await contents(target.db)).toEqual(before);
    await source.report(20, 3, START, END, [[1, false, false, CLEAN]]);
    const { stdout, stderr } = await runImport(target.url);
    expect(stderr).toContain("1 reports with 1 results imported, 6 were before; their new ids are above.");
    expect(stdout.split("\n").filter((line) => !line.startsWith("report 7: "))).toEqual(["20 -> 10", ""]);
    await sql`delete from reports where id = 20`.execute(source.db);
  });

  it("writes dates in the time zone of the server that MultiAV2 ran on", async () => {
    await runImport(target.url, "--time-zone", "Europe/Berlin");
    expect((await contents(target.db)).scans[0]).toMatchObject({
      start_date: new Date("2019-07-08T11:42:45Z"),
      end_date: new Date("2019-07-08T22:00:01Z"),
    });
  });

  it("into a mesh that has scans prints the new ids, and again when it is run again", async () => {
    await insertOwnScan(target.db);
    const moved = ["3 -> 2", "4 -> 3", "5 -> 4", "7 -> 5", "9 -> 6"];
    const arrows = ({ stdout }: { stdout: string }) => stdout.split("\n").filter((line) => line.includes("->"));
    expect(arrows(await runImport(target.url))).toEqual(moved);
    expect(arrows(await runImport(target.url))).toEqual(moved);
    const { scans, samples } = await contents(target.db);
    expect(scans.map(({ id, name }) => [id, name])).toEqual([
      [1, "own"],
      [2, "one.exe"],
      [3, "one.exe"],
      [4, "two;.exe"],
      [5, "two;.exe"],
      [6, "one.exe"],
    ]);
    expect(samples).toBe(3);
  });

  it("that is cut off goes on where it was, with nothing half-imported and nothing twice", async () => {
    await runImport(target.url);
    const whole = await contents(target.db);
    // A page is one transaction: what is there after a crash is what an earlier page left.
    await sql`delete from scans`.execute(target.db);
    await sql`update imports set last_report = 0`.execute(target.db);
    await sql`alter table results add constraint no_five check (scan_id <> 5)`.execute(target.db);
    expect((await runImport(target.url)).code).toBe(2);
    expect((await contents(target.db)).scans).toEqual([]);
    await sql`alter table results drop constraint no_five`.execute(target.db);
    expect((await runImport(target.url)).code).toBe(0);
    expect(await contents(target.db)).toEqual(whole);
  });

  it.each([
    [["--into", "mysql://x"], /begins with postgres/],
    [["--time-zone", "Mars/Base"], /no time zone Mars/],
    [["--into", "postgres://nobody@127.0.0.1:1/x"], /database is not reachable/],
  ])("refuses %j with one sentence", async (args, sentence) => {
    const { code, stderr } = await runImport(target.url, ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("refuses a database that is not MultiAV2's", async () => {
    const url = await createDatabase();
    const command = [projectPath("dist", "cli", "import-multiav.js"), url];
    const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: target.url };
    await expect(promisify(execFile)(process.execPath, command, { env })).rejects.toMatchObject({
      stderr: expect.stringContaining("not a MultiAV2 database"),
    });
  });
});

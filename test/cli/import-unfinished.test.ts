/** Reports that MultiAV2 still scans while they are imported, and dates that no clock has shown. */

import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { openTestDatabase } from "../stage/database.js";
import { contents, importFrom, insertOwnScan } from "./multiav-import.js";
import { CLEAN, END, makeMultiAv, START, type MultiAv } from "./multiav-database.js";

describe("an import", () => {
  let source: MultiAv;
  let target: Awaited<ReturnType<typeof openTestDatabase>>;
  beforeEach(async () => {
    [source, target] = [await makeMultiAv(), await openTestDatabase()];
    await sql`delete from reports`.execute(source.db);
    return async () => {
      await Promise.all([source.db.destroy(), target.close()]);
    };
  });

  it.each([
    ["that kept its id", 0, 40, ""],
    ["that has a new one", 1, 2, "40 -> 2"],
  ])("again reads what MultiAV2 had not finished: a report %s", async (_, ownScans, scanId, arrow) => {
    for (let i = 0; i < ownScans; i++) await insertOwnScan(target.db);
    await source.report(40, 1, START, null, [
      [1, false, false, CLEAN],
      [2, true, false, { ...CLEAN, infected: "", engine: "", updated: "" }],
    ]);
    await source.report(41, 2, START, null, []);
    const read = async () => {
      const { scans, results } = await contents(target.db);
      const { verdict, end_date, total, av_total, detections } = scans.find(({ id }) => id === scanId) ?? {};
      return { verdict, end_date, total, av_total, detections, results: results.filter((one) => one.scan_id === scanId).length };
    };
    expect((await importFrom(source.url, target.url)).stderr).toContain("2 reports are not finished in MultiAV2");
    expect(await read()).toMatchObject({ verdict: "INCONCLUSIVE", total: 2, results: 2, detections: 0 });
    const before = await contents(target.db);
    expect((await importFrom(source.url, target.url)).stdout).toContain(
      "report 40: MultiAV2 had not finished it (FSecure had not finished); the next run reads it again\n",
    );
    expect(await contents(target.db)).toEqual(before);
    const found = JSON.stringify({ ...CLEAN, infected: true, result: "Trojan.Late" });
    await sql`update results set scanning = false, result = ${found} where report_id = 40 and scanner_id = 2`.execute(source.db);
    await sql`update reports set end_date = ${END} where id >= 40`.execute(source.db);
    await sql`insert into results (report_id, scanner_id, result) values (41, 1, ${JSON.stringify(CLEAN)})`.execute(source.db);
    const again = await importFrom(source.url, target.url);
    expect(again.stdout).toContain(arrow);
    expect(again.stdout).toContain(`report 40: MultiAV2 has gone on with it; scan ${scanId} has what it says now\n`);
    expect(again.stderr).toContain("2 reports of earlier runs were not finished then, and are up to date now.");
    expect(again.stderr).not.toContain("not finished in MultiAV2");
    expect(await read()).toEqual({
      verdict: "INFECTED",
      end_date: new Date("2019-07-09T00:00:01Z"),
      total: 2,
      av_total: 2,
      detections: 1,
      results: 2,
    });
    const { scans } = await contents(target.db);
    expect(scans.find(({ id }) => id === scanId + 1)).toMatchObject({ verdict: "CLEAN", total: 1 });
  });

  it("tells a date that does not exist in the time zone", async () => {
    await source.report(50, 1, "Sun Mar 31 02:30:00 2019", "Sun Mar 31 03:30:00 2019", [[1, false, false, CLEAN]]);
    const note = "report 50: its date 2019-03-31 02:30:00 does not exist in Europe/Berlin, where the clocks went forward";
    expect((await importFrom(source.url, target.url, "--time-zone", "Europe/Berlin")).stdout).toContain(
      `${note}; it is taken as an hour later\n`,
    );
    const { scans } = await contents(target.db);
    expect(scans.at(-1)).toMatchObject({
      start_date: new Date("2019-03-31T01:30:00Z"),
      end_date: new Date("2019-03-31T01:30:00Z"),
    });
  });
});

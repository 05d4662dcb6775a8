/** A database as MultiAV2 leaves it, duplicates and stuck rows included. */

import { createHash } from "node:crypto";
import { sql } from "kysely";
import { openDatabase, type Database } from "../../gateway/db/database.js";
import { createDatabase } from "../stage/database.js";

export const hash = (name: string, text: string) => createHash(name).update(text).digest("hex");
export const START = "Mon Jul  8 13:42:45 2019";
export const END = "Tue Jul  9 00:00:01 2019";

const AV = { name: "ClamAV", plugin_type: 1, speed: -1, has_internet: false };
const PENDING = { ...AV, engine: "", updated: "", infected: "", result: "" };
export const CLEAN = { ...AV, engine: "0.100.2", updated: "20190509", known: "6802108", infected: false, result: "" };
const FSECURE = { name: "FSecure", plugin_type: 1, speed: 1, has_internet: false };

export interface MultiAv {
  readonly url: string;
  readonly db: Database;
  /** Adds a report of a sample with the rows of its results. */
  report(id: number, sample: number, start: string, end: string | null, rows: readonly Row[]): Promise<void>;
}

export async function makeMultiAv(): Promise<MultiAv> {
  const url = await createDatabase();
  const source = openDatabase(url, () => {});
  const report: MultiAv["report"] = (...args) => insertReport(source, ...args);
  // The tables as MultiAV2 makes them: dates and sizes are text, and only the keys are indexed.
  await sql`
    create table samples (id serial primary key, name text, md5 text unique, sha1 text unique, sha256 text unique, size text)`.execute(
    source,
  );
  await sql`
    create table reports (id serial primary key, sample_id integer references samples (id) on delete cascade,
      infected integer, start_date text, end_date text)`.execute(source);
  await sql`
    create table scanners (id serial primary key, name text, plugin_type integer, signature_version text, engine_version text,
      has_internet integer, speed text)`.execute(source);
  await sql`
    create table results (id serial primary key, report_id integer references reports (id) on delete cascade,
      scanner_id integer references scanners (id) on delete cascade, scanning boolean, queued boolean, result text)`.execute(
    source,
  );
  await sql`
    insert into scanners (name, plugin_type, has_internet, speed) values
      ('ClamAV', 1, 0, '-1'), ('FSecure', 1, 0, '1'), ('FileInfo', 2, 0, '-1'), ('Virus Total', 3, 1, '0')`.execute(source);
  const names = ["one.exe", "two;.exe", "three.exe"];
  for (const name of names) {
    await sql`insert into samples (name, md5, sha1, sha256, size)
      values (${name}, ${hash("md5", name)}, ${hash("sha1", name)}, ${hash("sha256", name).toUpperCase()}, '537043')`.execute(
      source,
    );
  }
  await sql`insert into samples (name, sha256) values ('broken', 'abc')`.execute(source);
  await report(3, 1, START, END, [
    [1, false, true, PENDING],
    [1, false, false, CLEAN],
    [1, false, false, { ...CLEAN, engine: "later" }],
    [
      2,
      false,
      false,
      {
        ...FSECURE,
        infected: true,
        result: "Trojan",
        results: { fse: "Trojan", aquarius: "" },
        database: "2019-05-01_03",
        updated: "20190509",
        engine: "11.10",
      },
    ],
    [
      3,
      false,
      false,
      { name: "FileInfo", plugin_type: 2, speed: -1, has_internet: false, magic: { mime: "text/xml\u0000" }, ssdeep: "24:x" },
    ],
  ]);
  await report(4, 1, START, END, [[1, false, false, CLEAN]]);
  await report(5, 2, START, END, [
    [1, false, false, CLEAN],
    [2, false, false, { ...FSECURE, infected: false, result: "", engine: "", updated: "", error: "exit status 2" }],
  ]);
  await report(7, 2, START, null, [
    [1, true, false, { ...PENDING, scanning: true }],
    [
      4,
      false,
      true,
      { name: "Virus Total", plugin_type: 3, speed: 0, has_internet: true, infected: "", result: "", engine: "", updated: "" },
    ],
  ]);
  await report(8, 4, START, END, [[1, false, false, CLEAN]]);
  await report(9, 1, "yesterday", END, [[1, false, false, "not json"]]);
  return { url, db: source, report };
}

type Row = readonly [scanner: number, scanning: boolean, queued: boolean, result: unknown];

async function insertReport(source: Database, ...[id, sample, start, end, rows]: Parameters<MultiAv["report"]>): Promise<void> {
  await sql`insert into reports (id, sample_id, infected, start_date, end_date) values (${id}, ${sample}, -1, ${start}, ${end})`.execute(
    source,
  );
  for (const [scanner, scanning, queued, result] of rows) {
    const text = typeof result === "string" ? result : JSON.stringify(result);
    await sql`insert into results (report_id, scanner_id, scanning, queued, result) values (${id}, ${scanner}, ${scanning}, ${queued}, ${text})`.execute(
      source,
    );
  }
}

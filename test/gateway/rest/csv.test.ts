import { describe, expect, it } from "vitest";
import { csvHead, csvLine } from "../../../gateway/rest/csv.js";
import type { ResultRecord } from "../../../schema/reports.js";
import { DONE, SCAN } from "./records.js";

const CLAMAV = { name: "ClamAV", type: "AV" } as const;
const FILEINFO = { name: "FileInfo", type: "METADATA" } as const;
const cell = (result: Partial<ResultRecord>) =>
  csvLine({ ...SCAN, results: [{ ...DONE, ...result }] }, [CLAMAV], "UTC")
    .split(";")
    .slice(5)
    .join(";");
const first = (name: string) => csvLine({ ...SCAN, name }, [], "UTC").replace(/;m;s1;s256;.*\n$/s, "");

describe("a line of the CSV", () => {
  it("has its columns by engine: two for an antivirus engine, one for others", () => {
    expect(csvHead([CLAMAV, FILEINFO])).toBe("name;md5;sha1;sha256;start_date;ClamAV;ClamAV-version;FileInfo\n");
    expect(csvLine(SCAN, [CLAMAV, FILEINFO], "UTC")).toBe(
      "sample.exe;m;s1;s256;Mon Jul  8 13:42:45 2019;clean;1.4.3 20260701;not scanned\n",
    );
  });

  it("says of an engine that took no part that it has not scanned", () => {
    expect(csvLine({ ...SCAN, results: [] }, [CLAMAV, FILEINFO], "UTC")).toMatch(/;not scanned;not scanned;not scanned\n$/);
  });

  it.each([
    [{ state: "QUEUED", verdict: null }, "queued;"],
    [{ state: "SCANNING", verdict: null }, "scanning;"],
    [{ verdict: "INFECTED", signature: "Eicar" }, "Eicar;1.4.3 20260701"],
    [{ verdict: "INFECTED", signature: null }, "infected;1.4.3 20260701"],
    [{ verdict: "SUSPICIOUS", signature: "packed" }, "packed;1.4.3 20260701"],
    [{ verdict: null, state: "FAILED", error: "exit status 2" }, "exit status 2;"],
    [{ verdict: null, state: "TIMEOUT" }, "timeout;"],
    [{ verdict: null, state: "NO_AGENT" }, "no agent;"],
    [{ verdict: null, state: "UNSCANNED", error: "encrypted" }, "unscanned: encrypted;"],
    [{ verdict: null }, "no verdict;1.4.3 20260701"],
  ] as const)("%j reads %j", (result, text) => expect(cell(result)).toBe(`${text}\n`));

  it("has the other engines' output as JSON", () => {
    const results = [
      { ...DONE, engine: "FileInfo", type: "METADATA" as const, verdict: null, details: { magic: { mime: 'te"xt;' } } },
    ];
    const line = csvLine({ ...SCAN, results }, [FILEINFO], "UTC");
    const quoted = /;"(\{.*\})"\n$/.exec(line)?.[1] ?? "";
    expect(JSON.parse(quoted.replaceAll('""', '"'))).toMatchObject({ name: "FileInfo", magic: { mime: 'te"xt;' } });
  });
});

describe("a cell", () => {
  it.each([
    ["a;b", '"a;b"'],
    ['a"b', '"a""b"'],
    ["a,b", '"a,b"'],
    ["a\nb", '"a\nb"'],
    ["a'b", "a'b"],
    ["a=b", "a=b"],
    ["rlo-\u202efdp.exe", "rlo-<U+202E>fdp.exe"],
    ["\u200b=1+1", "<U+200B>=1+1"],
    ["a\u2028b\u{e0041}", "a<U+2028>b<U+E0041>"],
    ["ünï", "ünï"],
    ["", ""],
  ])("%j is written as %j", (name, text) => expect(first(name)).toBe(text));

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1", "＝1", "－1", "\ttext", '=HYPERLINK("http://x";"y")'])(
    "%j is shown by a spreadsheet, not run",
    (name) => expect(first(name).replace(/^"/, "")).toMatch(/^'/),
  );
});

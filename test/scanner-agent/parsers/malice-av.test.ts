import { describe, expect, test } from "vitest";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";

/** What the antivirus plugins of the malice family print, each in its own spelling. */
const said = (stdout: unknown, { exitCode = 0, stderr = "" } = {}) =>
  parseMalice({ exitCode, stdout: typeof stdout === "string" ? stdout : `${JSON.stringify(stdout)}\n`, stderr });

const EICAR = "EICAR-Test-File";
const log = (level: string, message: string) =>
  `time="2019-07-08T13:42:45Z" level=${level} msg="${message}" category=av path=/malware/275a021b plugin=avg\n`;

/** The fields every plugin has, and those that only some have. */
const PLUGINS: readonly [string, Record<string, unknown>][] = [
  ["avast", { engine: "2.1.2", database: "19070800", updated: "20190708" }],
  ["avg", { engine: "13.0.3114", database: "4793/15990", updated: "20190708" }],
  ["avira", { engine: "8.3.52.206", database: "8.15.15.208", updated: "20190708" }],
  ["bitdefender", { engine: "7.90123", updated: "20190708" }],
  ["clamav", { engine: "0.100.1", known: "6632715", updated: "20190708", error: "" }],
  ["comodo", { engine: "1.1", updated: "20190708" }],
  ["drweb", { engine: "7.00.35.03150", database: "7838110", updated: "20190708" }],
  ["escan", { engine: "7.0-21", database: "14.10.2", updated: "20190708" }],
  ["fprot", { engine: "4.6.5.141", updated: "20190708" }],
  ["ikarus", { engine: "4.3.8", database: "101234", updated: "20190708" }],
  ["kaspersky", { engine: "8.0.4.312", database: "2019-07-08", updated: "20190708" }],
  ["mcafee", { engine: "5900.7806", database: "9312", updated: "20190708" }],
  ["sophos", { engine: "5.53.0", database: "5.63", updated: "20190708" }],
  ["windows-defender", { engine: "0.1.0", updated: "20190708" }],
];

describe("an antivirus plugin", () => {
  test.each(PLUGINS)("%s that finds something is infected, with the signature", (name, fields) => {
    const outcome = said({ [name]: { infected: true, result: EICAR, ...fields } });
    expect(outcome).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: EICAR, error: null });
  });

  test.each(PLUGINS)("%s that finds nothing is clean, with its versions", (name, fields) => {
    const outcome = said({ [name]: { infected: false, result: "", ...fields } });
    expect(outcome).toMatchObject({ state: "DONE", verdict: "CLEAN", signature: null, error: null });
    expect(outcome.versions).toEqual({
      engine: fields["engine"],
      signatures: fields["database"] ?? null,
      signatureDate: "2019-07-08T00:00:00.000Z",
    });
  });

  test("keeps the keys that only it has", () => {
    expect(said({ clamav: { infected: false, result: "", ...PLUGINS[4]?.[1] } }).details).toEqual({ known: "6632715" });
    expect(said({ fprot: { infected: false, result: "", engine: "4.6.5.141", updated: "20190708" } }).details).toBeNull();
  });

  test("with two scanners in one names the signature of the one that found it", () => {
    const report = { engine: "11.00 build 79", database: "2019-07-08_01", updated: "20190708" };
    expect(said({ fsecure: { infected: true, results: { fse: "", aquarius: EICAR }, ...report } })).toMatchObject({
      verdict: "INFECTED",
      signature: EICAR,
      details: { results: { fse: "", aquarius: EICAR } },
    });
    expect(said({ fsecure: { infected: false, results: { fse: "", aquarius: "" }, ...report } }).verdict).toBe("CLEAN");
  });

  test.each(["20190708\n", " 20190708 "])("has its signatures of the day %j", (updated) => {
    const { versions } = said({ avg: { infected: false, result: "", engine: "13", updated } });
    expect(versions?.signatureDate).toBe("2019-07-08T00:00:00.000Z");
  });

  test.each(["", "20191308", "20190231", "2019", "yesterday"])("whose signatures are of %j does not say when", (updated) => {
    expect(said({ avg: { infected: false, result: "", engine: "13", updated } }).versions?.signatureDate).toBeNull();
  });
});

describe("a failure is never clean", () => {
  const nothing = { avg: { infected: false, result: "", engine: "13.0.3114", updated: "20190708" } };

  test.each([
    ["an error in the report", { clamav: { ...nothing.avg, error: "exit status 2" } }, {}, "exit status 2"],
    ["an exit status", nothing, { exitCode: 1, stderr: "avgd is not running\n" }, "exit status 1: avgd is not running"],
    ["a fatal line beside it", nothing, { stderr: log("fatal", "exit status 2") }, "exit status 2"],
    [
      "an error that was logged",
      nothing,
      { stderr: log("error", 'cannot read the \\"database\\"') },
      'cannot read the "database"',
    ],
    ["a panic", "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\n", { exitCode: 2 }, "panic: runtime error"],
    ["nothing printed at all", "", {}, "it printed no complete JSON object: no output"],
    ["a text", "Segmentation fault\n", { exitCode: 139 }, "exit status 139: Segmentation fault"],
    ["a fatal line alone, on standard output", log("fatal", "no such file"), { exitCode: 1 }, "no such file"],
    ["a report that is cut", '{"avg":{"infected":false,"result":"","eng', {}, "it printed no complete JSON object"],
    [
      "a report that is cut after a whole one",
      `${JSON.stringify(nothing)}\n{"avg":{"infected":fal`,
      {},
      "it printed no complete",
    ],
    ["another shape", { avg: { infected: "no" } }, {}, "its output has another shape"],
    ["an empty object", {}, {}, "its output has another shape"],
    [
      "a report of an engine that did not run",
      { sophos: { infected: false, result: "", engine: "", updated: "" } },
      {},
      "did not scan",
    ],
  ])("%s", (_, stdout, rest, error) => {
    const outcome = said(stdout, rest);
    expect(outcome).toMatchObject({ state: "FAILED", verdict: null, signature: null });
    expect(outcome.error).toContain(error);
  });

  test("a plugin's own time limit is a timeout", () => {
    expect(said("", { exitCode: 1, stderr: log("fatal", "command avgscan timed out") })).toMatchObject({ state: "TIMEOUT" });
    expect(
      said({ clamav: { infected: false, result: "", engine: "", updated: "", error: "context deadline exceeded" } }).state,
    ).toBe("TIMEOUT");
  });

  test("a result beside `infected: false` is neither infected nor clean", () => {
    const outcome = said({ drweb: { infected: false, result: "password protected", engine: "7.0", updated: "20190708" } });
    expect(outcome).toMatchObject({ state: "UNSCANNED", verdict: null, error: "neither infected nor clean: password protected" });
  });

  test.each(["ok", "Clean", "not infected"])("a result of %j says no more than nothing", (result) => {
    expect(said({ drweb: { infected: false, result, engine: "7.0", updated: "20190708" } }).verdict).toBe("CLEAN");
  });
});

describe("a detection", () => {
  const found = { avg: { infected: true, result: EICAR, engine: "13.0.3114", updated: "20190708" } };

  test.each([
    ["an exit status", JSON.stringify(found), { exitCode: 1 }],
    ["a fatal line", JSON.stringify(found), { stderr: log("fatal", "failed to index results") }],
    ["lines before and after it", `${log("info", "start {x}")}${JSON.stringify(found)}\nDone.\n`, {}],
    ["an earlier object", `{"avg":{"infected":false,"result":"","engine":"","updated":""}}\n${JSON.stringify(found)}`, {}],
    ["line breaks in it", JSON.stringify(found, null, 2), {}],
    ["braces in its name", JSON.stringify({ avg: { ...found.avg, result: 'W32/{A}\\"}' } }), {}],
  ])("counts with %s", (_, stdout, rest) => {
    expect(said(stdout, rest)).toMatchObject({ state: "DONE", verdict: "INFECTED" });
  });

  test("without a name has none", () => {
    expect(said({ avg: { infected: true, result: "", engine: "13", updated: "" } })).toMatchObject({
      verdict: "INFECTED",
      signature: null,
    });
  });
});

test("megabytes of beginnings of objects are refused at once", () => {
  expect(said('{"a":\n'.repeat(500_000)).state).toBe("FAILED");
});

/** What proves that a sample is clean, what does not, and what never hides a detection. */

import { describe, expect, test } from "vitest";
import { parseMalice } from "../../../scanner-agent/parsers/malice.js";

const CLEAN = { infected: false, result: "", engine: "1.0", updated: "20261122" };
const FOUND = { ...CLEAN, infected: true, result: "Eicar" };
const clean = JSON.stringify({ x: CLEAN });
const found = JSON.stringify({ x: FOUND });

const said = (stdout: unknown, { stderr = "", exitCode = 0, ignore = [] as string[] } = {}) =>
  parseMalice({ exitCode, stdout: typeof stdout === "string" ? stdout : JSON.stringify(stdout), stderr }, ignore);
const report = (more: object) => ({ x: { ...CLEAN, ...more } });

function nested(depth: number, inside: string): string {
  return "[".repeat(depth) + inside + "]".repeat(depth);
}

describe("clean is a closed list of keys and values", () => {
  test.each([
    ["nothing more", {}],
    [
      "the keys of all plugins",
      { database: 7, known: "6632715", error: "", markdown: "#### x", results: { fse: "", aquarius: null } },
    ],
    [
      "values that say nothing",
      { error: null, errors: [], warnings: [], note: "", limits: {}, a: false, b: 3, c: 1.5, d: [0, ""], e: "(null)" },
    ],
    ["a result that names nothing", { result: "(null)" }],
    ["a result that is null", { result: null }],
    ["a version that is a number", { engine: 1.5, updated: null }],
  ])("%s is clean", (_, more) => {
    expect(said(report(more))).toMatchObject({ state: "DONE", verdict: "CLEAN", signature: null });
  });

  test.each([
    ["hostname", "node-7"],
    ["encrypted", true],
    ["skipped", ["member.zip"]],
    ["warning", { code: "E7" }],
    ["status", "partially scanned"],
    ["archive", [{ infected: false, name: "a" }]],
  ])("%s = %j makes it unscanned and is named", (key, value) => {
    const outcome = said(report({ [key]: value }));
    expect(outcome).toMatchObject({ state: "UNSCANNED", verdict: null });
    expect(outcome.error).toContain(`${key} = `);
    expect(said({ x: CLEAN, [key]: value }), "beside the report").toMatchObject({ state: "UNSCANNED" });
    expect(said(report({ [key]: value }), { ignore: [key] }), "named in the manifest").toMatchObject({ verdict: "CLEAN" });
  });

  test("the cause is in the engine's words", () => {
    expect(said(report({ encrypted: true })).cause).toBe("ENCRYPTED");
    expect(said(report({ result: "password protected" })).cause).toBe("ENCRYPTED");
    expect(said(report({ result: "archive too large" })).cause).toBe("TOO_LARGE");
  });

  test.each(["no", "false", "", "maybe", null, 0, [], {}, undefined])("infected that is %j proves nothing", (infected) => {
    expect(said(report({ infected })).state).toBe("FAILED");
  });

  test.each(["", "-", "(null)", "null", "  ", null, undefined])("an engine %j without a date did not scan", (engine) => {
    expect(said(report({ engine, updated: "-" }))).toMatchObject({ state: "FAILED", verdict: null });
  });

  test.each([true, "true", 1, "yes"])("suspicious that is %j is suspicious", (suspicious) => {
    expect(said(report({ suspicious }))).toMatchObject({ state: "DONE", verdict: "SUSPICIOUS" });
    expect(said({ x: CLEAN, suspicious })).toMatchObject({ verdict: "SUSPICIOUS" });
    expect(said({ x: { suspicious, result: "Packed", engine: "1" } })).toMatchObject({
      verdict: "SUSPICIOUS",
      signature: "Packed",
    });
  });

  test("names of a plugin with several scanners beside `infected: false` are neither infected nor clean", () => {
    expect(said(report({ results: { fse: "Trojan.Fse", aquarius: "" } }))).toMatchObject({
      state: "UNSCANNED",
      error: "neither infected nor clean: Trojan.Fse",
    });
  });
});

describe("an error is never clean", () => {
  test.each([
    ["true", true],
    ["a number", 5],
    ["an object", { message: "license expired" }],
    ["a list", ["license expired"]],
    ["a list of objects", [{ message: "license expired" }]],
  ])("error: %s", (_, error) => {
    for (const output of [report({ error }), report({ errors: error }), { x: CLEAN, error }, { x: CLEAN, errors: error }])
      expect(said(output)).toMatchObject({ state: "FAILED", verdict: null });
  });

  test.each([
    '{"level":"error","msg":"license expired, nothing was scanned"}',
    '{"level":"ERROR","message":"no database"}',
    '{"severity":"CRITICAL","message":"no database"}',
    '{"time":1,"level":50,"msg":"no database"}',
    '{"level":"fatal","error":"no database"}',
    '{"level":"warning","msg":"your license has expired"}',
    '{"error":"license expired"}',
    '{"errors":["no database"]}',
    'time="x" level=warning msg="license expired"',
    'time="x" level="error" msg="no database"',
    "License expired",
    "ERROR: no database",
    "2026-11-22 10:00:00 - x - ERROR - no database",
    "[ERROR] no database",
  ])("logged as %s", (line) => {
    expect(said(clean, { stderr: `${line}\n` })).toMatchObject({ state: "FAILED", verdict: null });
    expect(said(`${line}\n${clean}`), "on standard output").toMatchObject({ state: "FAILED", verdict: null });
    expect(said(found, { stderr: `${line}\n` }), "a detection counts").toMatchObject({ verdict: "INFECTED", signature: "Eicar" });
  });

  test.each([
    '{"level":"info","msg":"scanning"}',
    '{"level":30,"msg":"scanning"}',
    'time="x" level=warning msg="no database"',
    "0 errors",
    "scanning /malware/error.log",
  ])("%s is none", (line) => {
    expect(said(clean, { stderr: `${line}\n` }).verdict).toBe("CLEAN");
    expect(said(`${line}\n${clean}`).verdict).toBe("CLEAN");
  });

  test("an engine whose version says that it has no licence", () => {
    expect(said(report({ engine: "License expired on 2026-01-01" }))).toMatchObject({ state: "FAILED" });
  });
});

describe("of several answers the worst counts", () => {
  test.each([
    ["in lines", `${found}\n${clean}`],
    ["in one line", `${found}${clean}`],
    ["with a comma", `${found}, ${clean}`],
    ["in a list", `[${found},${clean}]`],
    ["in a list over lines", `[\n  ${found},\n  ${clean}\n]\n`],
    ["under one name", JSON.stringify({ x: [FOUND, CLEAN] })],
    ["under two names", JSON.stringify({ x: FOUND, y: CLEAN })],
    ["under the same name twice", `{"x":${JSON.stringify(FOUND)},"x":${JSON.stringify(CLEAN)}}`],
    ["in members of it", JSON.stringify({ x: { ...CLEAN, members: [CLEAN, FOUND] } })],
    ["with a byte order mark", `\uFEFF${found}\n${clean}`],
    ["with a carriage return", `${found}\r${clean}`],
  ])("%s", (_, stdout) => {
    expect(said(stdout)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar" });
  });

  test.each([
    ["an error", { ...CLEAN, error: "cannot open it" }, "FAILED"],
    ["a part that was not scanned", { ...CLEAN, result: "encrypted" }, "UNSCANNED"],
  ])("%s beside a clean one", (_, other, state) => {
    const texts = [clean, JSON.stringify({ x: other })];
    for (const stdout of [texts.join("\n"), texts.toReversed().join("\n")]) expect(said(stdout)).toMatchObject({ state });
  });

  test("two clean ones are clean", () => expect(said(`${clean}\n${clean}\n`).verdict).toBe("CLEAN"));

  test.each(['{"x":{"infected":', `{"x":{"infected":false,"score":NaN}}`])(
    "%s, which is broken, beside a clean one",
    (broken) => {
      for (const stdout of [`${clean}\n${broken}`, `${broken}\n${clean}`]) expect(said(stdout).state).toBe("FAILED");
    },
  );
});

describe("what is odd never loses a detection", () => {
  const infected = (more: object) => said({ x: { ...FOUND, ...more } });

  test.each([true, "true", "True", " TRUE ", 1, 2, "1", "yes"])("infected that is %j", (value) => {
    expect(infected({ infected: value })).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar" });
  });

  test.each([
    { engine: 1 },
    { engine: true },
    { engine: { major: 1 } },
    { database: [1] },
    { updated: 20261122 },
    { updated: "yesterday" },
    { known: true },
    { error: true },
    { error: { message: "cannot delete it" } },
    { errors: ["a"] },
    { results: ["Eicar"] },
    { results: "Eicar" },
    { hostname: "node-7" },
    { engine: "1\0.0\ud800" },
  ])("%j", (more) => {
    expect(infected(more)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar", error: null });
  });

  test.each(["", "  ", "(null)", "null", "-", "\0", null, 0, {}, []])("the signature %j is no name", (result) => {
    expect(infected({ result })).toMatchObject({ verdict: "INFECTED", signature: null });
  });

  test.each([
    ["a list", ["Eicar", "Other"]],
    ["an object", { name: "Eicar" }],
  ])("the signature in %s is found", (_, result) => {
    expect(infected({ result })).toMatchObject({ verdict: "INFECTED", signature: "Eicar" });
  });

  test.each([
    ["no name around it", JSON.stringify(FOUND)],
    ["words before it", `scanned: ${found}`],
    ["a number that is none in JSON", found.replace('"1.0"', "NaN")],
    ["a line break in a text", found.replace("1.0", "1\n0")],
    ["a comma too many", found.replace("}}", ",}}")],
    ["its end missing", found.slice(0, -4)],
    ["an exit status", found],
    ["deep details", found.replace('"1.0"', `"1.0","d":${nested(60_000, "0")}`)],
    ["a deep list around it", nested(50, found)],
    ["huge details", found.replace('"1.0"', `"1.0","d":"${"x".repeat(4_000_000)}"`)],
  ])("%s", (_, stdout) => {
    expect(said(stdout, { exitCode: 1 })).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar" });
  });

  test("deep nonsense is failed and no crash", () => {
    expect(said(`{"a":${nested(60_000, "0")}}`).state).toBe("FAILED");
    expect(said(clean.replace('"1.0"', `"1.0","d":${nested(60_000, '"x"')}`)).state).toBe("UNSCANNED");
  });
});

describe("versions", () => {
  test("a number is told as it was printed", () => {
    const { versions } = said('{"x":{"infected":false,"engine":1.10,"database":1e400,"updated":20261122}}');
    expect(versions).toEqual({ engine: "1.10", signatures: "1e400", signatureDate: "2026-11-22T00:00:00.000Z" });
  });

  test("what is no date is the version of the signatures", () => {
    expect(said(report({ updated: "build 7" })).versions).toEqual({ engine: "1.0", signatures: "build 7", signatureDate: null });
  });
});

describe("yara of the malice family", () => {
  const evil = { Rule: "Evil", Meta: { verdict: "infected" } };

  test.each([null, 7, {}, { Rule: 7 }, { Rule: "Odd", Meta: "x" }, { Rule: "Odd", Meta: { verdict: 7 } }])(
    "an odd match %j hides no other",
    (odd) => {
      for (const matches of [
        [odd, evil],
        [evil, odd],
      ])
        expect(said({ yara: { matches } })).toMatchObject({ verdict: "INFECTED", signature: "Evil" });
    },
  );

  test.each([null, 7, {}, { Rule: 7 }, { Rule: "Odd", Meta: "x" }])("an odd match %j alone is no silence", (odd) => {
    expect(said({ yara: { matches: [odd] } })).toMatchObject({ state: "FAILED", verdict: null });
  });

  test("a detection counts with an exit status, and metadata may be a list", () => {
    expect(said({ yara: { matches: [evil] } }, { exitCode: 1 })).toMatchObject({ verdict: "INFECTED" });
    const listed = { Rule: "Evil", Metas: [{ Identifier: "verdict", Value: "suspicious" }] };
    expect(said({ yara: { matches: [listed] } })).toMatchObject({ verdict: "SUSPICIOUS", signature: "Evil" });
  });
});

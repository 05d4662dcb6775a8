/** The same output of a plugin, read live and from MultiAV2's database. */

import { describe, expect, test } from "vitest";
import { translateResult } from "../../cli/multiav-result.js";
import { parseMalice } from "../../scanner-agent/parsers/malice.js";

const MULTIAV = { name: "X", plugin_type: 1, speed: -1, has_internet: false, queued: 0, scanning: 0 };
const CLEAN = { infected: false, result: "", engine: "1.0", updated: "20190509" };

const live = (report: object) => parseMalice({ exitCode: 0, stdout: JSON.stringify({ x: report }), stderr: "" });
const row = (result: string) => ({ report_id: 1, scanner_id: 1, queued: false, scanning: false, result });
const imported = (report: object) => translateResult(row(JSON.stringify({ ...MULTIAV, ...report })), "AV");

describe("a report of an antivirus plugin", () => {
  test.each([
    ["DONE", "CLEAN", {}],
    ["DONE", "CLEAN", { result: "OK" }],
    ["DONE", "CLEAN", { result: "not infected" }],
    ["DONE", "CLEAN", { result: "(null)", known: "6802108", database: "57" }],
    ["DONE", "CLEAN", { results: { fse: "", aquarius: "" } }],
    ["DONE", "INFECTED", { infected: true, result: "Trojan.Late", error: "exit status 1" }],
    ["DONE", "INFECTED", { infected: 1, result: "Trojan" }],
    ["DONE", "INFECTED", { infected: "true", result: "Trojan" }],
    ["DONE", "INFECTED", { infected: true, result: "(null)" }],
    ["DONE", "INFECTED", { infected: true, result: "", results: { fse: "Trojan.Fse", aquarius: "" } }],
    ["DONE", "INFECTED", { infected: true, result: "T", engine: 1, known: true, updated: "yesterday" }],
    ["DONE", "SUSPICIOUS", { suspicious: true, result: "Packed" }],
    ["UNSCANNED", null, { results: { fse: "Trojan.Fse" } }],
    ["UNSCANNED", null, { result: "password protected" }],
    ["UNSCANNED", null, { hostname: "node-7" }],
    ["UNSCANNED", null, { encrypted: true }],
    ["FAILED", null, { error: true }],
    ["FAILED", null, { error: { message: "exit status 2" } }],
    ["FAILED", null, { errors: ["license expired"] }],
    ["FAILED", null, { engine: "", updated: "" }],
    ["FAILED", null, { engine: "-", updated: "-" }],
    ["FAILED", null, { infected: "maybe" }],
    ["TIMEOUT", null, { error: "command avscan timed out" }],
  ])("is %s, %s in both: %j", (state, verdict, more) => {
    const report = { ...CLEAN, ...more };
    const [now, then] = [live(report), imported(report)];
    expect(now).toMatchObject({ state, verdict });
    const { engine = null, signatures = null, signatureDate = null } = then.state === "DONE" ? (now.versions ?? {}) : {};
    expect(then).toMatchObject({
      state,
      verdict,
      signature: now.signature,
      error: now.error,
      cause: now.cause ?? null,
      details: now.details,
    });
    if (then.state === "DONE") expect(then).toMatchObject({ engineVersion: engine, signatureVersion: signatures, signatureDate });
  });

  test("keeps the names of a plugin with several scanners", () => {
    const results = { fse: "Trojan.Fse", aquarius: "Gen.Aquarius" };
    expect(imported({ ...CLEAN, infected: true, results })).toMatchObject({ signature: "Trojan.Fse", details: { results } });
  });

  test.each(["", null, undefined])("whose `infected` is %j was never finished", (infected) => {
    expect(imported({ ...CLEAN, infected })).toMatchObject({ state: "FAILED", error: "never finished" });
  });

  test.each([
    ["not json", "FAILED", null],
    ['{"infected":true,"result":"Trojan"', "DONE", "INFECTED"],
    [`{"infected":true,"result":"Trojan","d":${"[".repeat(60_000)}${"]".repeat(60_000)}}`, "DONE", "INFECTED"],
    [`{"infected":true,"result":"Tro\\u0000jan\\ud800","k\\u0000":"\\\\u0000"}`, "DONE", "INFECTED"],
  ])("%.40s… is %s, %s", (text, state, verdict) => {
    expect(translateResult(row(text), "AV")).toMatchObject({ state, verdict });
  });
});

test("another plugin's report is kept and states no verdict, unless a rule does", () => {
  const translate = (report: object) => translateResult(row(JSON.stringify({ ...MULTIAV, ...report })), "METADATA");
  expect(translate({ infected: "", magic: { mime: "text/xml" }, ssdeep: "24:x" })).toMatchObject({
    state: "DONE",
    verdict: null,
    details: { magic: { mime: "text/xml" }, ssdeep: "24:x" },
  });
  expect(translate({ yara: { matches: [{ Rule: "Evil", Meta: { verdict: "infected" } }] } })).toMatchObject({
    verdict: "INFECTED",
    signature: "Evil",
  });
  expect(translate({ magic: {}, error: { message: "exit status 2" } })).toMatchObject({
    state: "FAILED",
    error: "exit status 2",
  });
});

import { describe, expect, it } from "vitest";
import { formatResult, formatReport } from "../../../gateway/rest/report.js";
import type { ResultRecord } from "../../../schema/reports.js";
import { DONE, SCAN } from "./records.js";

const RAN = {
  agent: "a",
  image: null,
  image_digest: null,
  exit_code: null,
  waiting_ms: null,
  fetching_ms: null,
  starting_ms: null,
  scanning_ms: null,
};
const OPEN = { verdict: null, engineVersion: null, signatureVersion: null, signatureDate: null, details: null };

describe("a report", () => {
  it("has its size as a string and infected always -1", () => {
    expect(formatReport(SCAN, "UTC")).toEqual({
      id: 7,
      name: "sample.exe",
      md5: "m",
      sha1: "s1",
      sha256: "s256",
      size: "537043",
      infected: -1,
      start_date: "Mon Jul  8 13:42:45 2019",
      end_date: null,
      verdict: null,
      detections: 0,
      engines: { total: 2, done: 1, skipped: 1 },
      skipped: [{ name: "Floss", reason: "too slow" }],
      stale: false,
      proof: {
        text: "No verdict yet: the scan is about to end",
        detected_by: [],
        clean_by: ["ClamAV"],
        antivirus_asked: true,
        barriers: [],
        absent: [],
      },
      result: [{ ...formatResult(DONE), ran: RAN }],
    });
  });

  it("says of an engine that has ended where it ran and where the time went", () => {
    const startedAt = new Date(SCAN.startDate.getTime() + 600_000);
    const endedAt = new Date(SCAN.startDate.getTime() + 5_000);
    const measured = { fetchingMs: 100, startingMs: 1_000, durationMs: 1_500, exitCode: 1, startedAt, endedAt };
    const ranOf = (more: Partial<ResultRecord>) => formatReport({ ...SCAN, results: [{ ...DONE, ...more }] }, "UTC").result[0];
    const ran = { ...RAN, exit_code: 1, waiting_ms: 3_400, fetching_ms: 100, starting_ms: 1_000, scanning_ms: 500 };
    expect(ranOf(measured), "whatever the agent's clock says").toMatchObject({ ran });
    expect(ranOf({ ...measured, reusedFrom: 3 }), "it was waited for in another scan").toMatchObject({
      ran: { ...ran, waiting_ms: null },
    });
    expect(ranOf({ state: "QUEUED", verdict: null })).not.toHaveProperty("ran");
  });
});

describe("an engine's entry", () => {
  it("waits with empty texts", () => {
    expect(formatResult({ ...DONE, ...OPEN, engine: "FileInfo", type: "METADATA", state: "QUEUED" })).toEqual({
      engine: "",
      updated: "",
      name: "FileInfo",
      has_internet: false,
      infected: "",
      result: "",
      verdict: null,
      speed: -1,
      plugin_type: 2,
      queued: 1,
      scanning: 0,
    });
  });

  it("is scanning", () =>
    expect(formatResult({ ...DONE, ...OPEN, state: "SCANNING" })).toMatchObject({
      queued: 0,
      scanning: 1,
      infected: "",
      engine: "",
    }));

  it("is clean", () => {
    expect(formatResult(DONE)).toMatchObject({
      infected: false,
      result: "",
      verdict: "clean",
      engine: "1.4.3",
      updated: "20260701",
      database: "27000",
      queued: 0,
    });
    expect(formatResult(DONE)).not.toHaveProperty("error");
  });

  it("names an infection", () => {
    expect(formatResult({ ...DONE, verdict: "INFECTED", signature: "Eicar" })).toMatchObject({
      infected: true,
      result: "Eicar",
      verdict: "infected",
    });
  });

  it("names a suspicion without calling it an infection", () => {
    expect(formatResult({ ...DONE, verdict: "SUSPICIOUS", signature: "packed" })).toMatchObject({
      infected: false,
      result: "packed",
      verdict: "suspicious",
    });
  });

  it.each([
    ["TIMEOUT", "it took too long", "timeout"],
    ["NO_AGENT", null, "no agent"],
    ["CANCELLED", null, "cancelled"],
    ["UNSCANNED", "encrypted", "unscanned: encrypted"],
    ["FAILED", "exit status 2", "exit status 2"],
  ] as const)("in state %s has an error and is never false", (state, error, text) => {
    expect(formatResult({ ...DONE, verdict: null, state, error })).toMatchObject({
      infected: "",
      error: text,
      engine: "-",
      updated: "-",
      queued: 0,
      scanning: 0,
    });
  });

  it("keeps a metadata engine's own keys, which cannot replace those of the contract", () => {
    const details = { magic: { mime: "text/plain" }, name: "forged", infected: false, queued: 1 };
    const shown = formatResult({ ...DONE, type: "METADATA", engine: "FileInfo", verdict: null, details });
    expect(shown).toMatchObject({ magic: { mime: "text/plain" }, name: "FileInfo", infected: "", queued: 0 });
  });

  it("shows all of an antivirus engine's own keys but those that the contract has a place for", () => {
    const own = { known: "6632715", heuristics: { level: 3 }, engine_mode: "cloud" };
    const shown = formatResult({ ...DONE, details: { ...own, markdown: "# x", error: "none", cause: "none", infected: true } });
    expect(shown).toMatchObject({ ...own, infected: false });
    for (const key of ["markdown", "error", "cause"]) expect(shown).not.toHaveProperty(key);
  });
});

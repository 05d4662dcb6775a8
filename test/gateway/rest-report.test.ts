import { describe, expect, it } from "vitest";
import { entry, reported } from "../../gateway/rest/report.js";
import type { ResultRecord, ScanReport } from "../../schema/reports.js";

const DONE: ResultRecord = {
  scanId: 7,
  engine: "ClamAV",
  type: "AV",
  speed: "ULTRA",
  internet: false,
  state: "DONE",
  verdict: "CLEAN",
  signature: null,
  error: null,
  engineVersion: "1.4.3",
  signatureVersion: "27000",
  signatureDate: new Date("2026-07-01T10:00:00Z"),
  imageId: null,
  imageDigest: null,
  agent: "a",
  startedAt: null,
  endedAt: null,
  durationMs: 3,
  details: null,
  truncated: false,
};
const OPEN = { verdict: null, engineVersion: null, signatureVersion: null, signatureDate: null, details: null };

const SCAN: ScanReport = {
  scanId: 7,
  name: "sample.exe",
  speed: "ALL",
  internet: false,
  startDate: new Date("2019-07-08T13:42:45Z"),
  deadline: new Date("2019-07-08T13:57:45Z"),
  endDate: null,
  verdict: null,
  done: 1,
  total: 2,
  detections: 0,
  revision: 3,
  skipped: [{ engine: "Floss", reason: "TOO_SLOW" }],
  sample: {
    sampleId: 1,
    md5: "m",
    sha1: "s1",
    sha256: "s256",
    size: 537043,
    mime: "text/plain",
    stored: true,
    firstSeen: new Date(0),
  },
  results: [DONE],
};

describe("a report", () => {
  it("has its size as a string and infected always -1", () => {
    expect(reported(SCAN, "UTC")).toEqual({
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
      result: [entry(DONE)],
    });
  });
});

describe("an engine's entry", () => {
  it("waits with empty texts", () => {
    expect(entry({ ...DONE, ...OPEN, engine: "FileInfo", type: "METADATA", state: "QUEUED" })).toEqual({
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
    expect(entry({ ...DONE, ...OPEN, state: "SCANNING" })).toMatchObject({ queued: 0, scanning: 1, infected: "", engine: "" }));

  it("is clean", () => {
    expect(entry(DONE)).toMatchObject({
      infected: false,
      result: "",
      verdict: "clean",
      engine: "1.4.3",
      updated: "20260701",
      database: "27000",
      queued: 0,
    });
    expect(entry(DONE)).not.toHaveProperty("error");
  });

  it("names an infection", () => {
    expect(entry({ ...DONE, verdict: "INFECTED", signature: "Eicar" })).toMatchObject({
      infected: true,
      result: "Eicar",
      verdict: "infected",
    });
  });

  it("names a suspicion without calling it an infection", () => {
    expect(entry({ ...DONE, verdict: "SUSPICIOUS", signature: "packed" })).toMatchObject({
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
    expect(entry({ ...DONE, verdict: null, state, error })).toMatchObject({
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
    const shown = entry({ ...DONE, type: "METADATA", engine: "FileInfo", verdict: null, details });
    expect(shown).toMatchObject({ magic: { mime: "text/plain" }, name: "FileInfo", infected: "", queued: 0 });
  });

  it("shows of an antivirus engine's own keys only those of the contract", () => {
    const shown = entry({ ...DONE, details: { known: "6632715", markdown: "# x" } });
    expect(shown).toMatchObject({ known: "6632715" });
    expect(shown).not.toHaveProperty("markdown");
  });
});

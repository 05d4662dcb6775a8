import { describe, expect, it } from "vitest";
import { exitCode, type FileResult } from "../../cli/report.js";
import { describeFile, describeResult } from "../../cli/view.js";

describe("the exit status", () => {
  const outcome = (verdict: string): FileResult =>
    verdict === "error" ? { file: "f", error: "e" } : ({ file: "f", report: { verdict } } as unknown as FileResult);

  it.each([
    [["CLEAN"], 0],
    [["INFECTED"], 1],
    [["SUSPICIOUS"], 1],
    [["INCONCLUSIVE"], 2],
    [["error"], 2],
    [["CLEAN", "INCONCLUSIVE"], 2],
    [["CLEAN", "error"], 2],
    [["error", "INFECTED", "CLEAN"], 1],
    [["INCONCLUSIVE", "SUSPICIOUS"], 1],
    [["PROBABLY_FINE"], 2],
    [["PROBABLY_FINE", "INFECTED"], 1],
  ] as const)("of %j is %i", (verdicts, code) => expect(exitCode(verdicts.map(outcome))).toBe(code));

  it.each([
    ["INFECTED", 1],
    ["SUSPICIOUS", 1],
    ["CLEAN", 2],
  ])("of a scan that said %s and was not seen to its end is %i", (verdict, code) => {
    expect(exitCode([{ ...outcome(verdict), error: "the connection was closed" }])).toBe(code);
  });
});

it("a file's line names the engines whose signatures were too old", () => {
  const result = (engine: string, stale: boolean) => ({
    engine,
    stale,
    versions: { engine: null, signatures: null, signatureDate: "2026-01-02T03:04:05.000Z" },
  });
  const report = {
    verdict: "CLEAN",
    detections: 0,
    total: 2,
    done: 2,
    scanId: 7,
    skipped: [],
    results: [result("ClamAV", true), result("Other", false)],
  };
  expect(describeFile({ file: "f", report } as unknown as FileResult)).toBe(
    "f: CLEAN (0 of 2 engines detect it, 2 done; scan 7; old signatures: ClamAV (of 2026-01-02))",
  );
});

it("an engine's line says what it found that is suppressed, once", () => {
  const suppressed = [{ signature: "Bad", reason: "ours" }];
  const result = (rest: object) =>
    describeResult({ verdict: null, signature: null, error: null, causeText: null, ...rest } as never);
  expect(result({ state: "DONE", verdict: "SUSPICIOUS", signature: "Odd", suppressed })).toBe(
    "suspicious  Odd; suppressed: Bad (ours)",
  );
  expect(result({ state: "UNSCANNED", error: "suppressed: Bad (ours)", suppressed })).toBe("unscanned  suppressed: Bad (ours)");
  expect(result({ state: "DONE", verdict: "CLEAN" })).toBe("clean");
});

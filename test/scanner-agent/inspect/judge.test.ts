import { describe, expect, test } from "vitest";
import { Opens, type Closed } from "../../../schema/closed.js";
import { done, notDone } from "../../../scanner-agent/contract.js";
import { NOTHING, type Inspection } from "../../../scanner-agent/inspect/formats/inspection.js";
import { judge, judgeUninspected, needsInspection } from "../../../scanner-agent/inspect/judge.js";

const CLEAN = done("CLEAN", null, { known: 1 });
const encrypted: Closed = { path: "secret.docx", format: "office", method: null, state: "ENCRYPTED" };
const damaged: Closed = { path: "", format: "gzip", method: "Unexpected end of data", state: "DAMAGED" };
const lzma = { path: "a.txt", format: "zip", methods: ["lzma"] } as const;
const deflate = { path: "b.txt", format: "zip", methods: ["deflate"] } as const;
const of = (found: Partial<Inspection>): Inspection => ({ ...NOTHING, ...found });
const opens = Opens.parse({ formats: { zip: ["deflate"], tar: "all" }, limits: { depth: 8, files: 100 } });

describe("CLEAN", () => {
  test("of an open sample stays", () => {
    expect(judge(CLEAN, NOTHING, { name: "X" })).toEqual({ outcome: CLEAN, closed: [] });
  });

  test("of a closed one is UNSCANNED, with the cause, the reason and the engine's own details", () => {
    const { outcome, closed } = judge(CLEAN, of({ closed: [encrypted] }), { name: "X" });
    expect(outcome).toEqual(notDone("UNSCANNED", "ENCRYPTED", "encrypted: secret.docx (office)", { known: 1 }));
    expect(closed).toEqual([encrypted]);
  });

  test.each([
    [[encrypted, encrypted], "ENCRYPTED", "encrypted: secret.docx (office) and 1 more"],
    [[damaged], "DAMAGED", "damaged (gzip, Unexpected end of data)"],
    [[damaged, encrypted], "ENCRYPTED", "encrypted: secret.docx (office); damaged (gzip, Unexpected end of data)"],
  ] as const)("with %j", (closed, cause, error) => {
    expect(judge(CLEAN, of({ closed }), { name: "X" }).outcome).toMatchObject({
      state: "UNSCANNED",
      verdict: null,
      cause,
      error,
    });
  });

  test("without an inspection is UNSCANNED, not inspected", () => {
    expect(judgeUninspected(CLEAN, "no answer within 60 s")).toMatchObject({
      state: "UNSCANNED",
      cause: "NOT_INSPECTED",
      error: "not inspected: no answer within 60 s",
    });
  });
});

describe("what an engine opens", () => {
  test("is everything that anybody opens where its manifest does not say", () => {
    const found = of({
      packings: [lzma],
      closed: [
        { ...encrypted, state: "UNSUPPORTED" },
        { ...encrypted, state: "LIMIT" },
      ],
      isStopped: true,
    });
    expect(judge(CLEAN, found, { name: "X" }).outcome).toEqual(CLEAN);
  });

  test.each([
    ["its methods", [deflate], undefined],
    ["a format with all its methods", [{ path: "", format: "tar", methods: ["x"] }], undefined],
    ["another method", [deflate, lzma], "not opened by X: a.txt (zip, lzma)"],
    ["a method among others", [{ ...deflate, methods: ["deflate", "zip64"] }], "not opened by X: b.txt (zip, deflate zip64)"],
    ["another format", [{ path: "", format: "zstd", methods: [] }], "not opened by X (zstd)"],
  ] as const)("by its manifest: %s", (_, packings, error) => {
    const { outcome } = judge(CLEAN, of({ packings }), { name: "X", opens });
    if (error === undefined) expect(outcome).toEqual(CLEAN);
    else expect(outcome).toMatchObject({ state: "UNSCANNED", cause: "UNSUPPORTED_TYPE", error });
  });

  test.each([
    ["as deep as it looks", { depth: 8 }, undefined],
    ["deeper", { depth: 9 }, "over a limit of X"],
    ["more files", { files: 101 }, "over a limit of X"],
    ["more bytes than another engine's limit", { unpacked: 1e12 }, undefined],
    [
      "deeper than anybody looked",
      { isStopped: true, closed: [{ ...encrypted, state: "LIMIT" }] },
      "over a limit of X: secret.docx (office)",
    ],
  ] as const)("ends at its limits: %s", (_, found, error) => {
    const { outcome } = judge(CLEAN, of(found), { name: "X", opens });
    if (error === undefined) expect(outcome).toEqual(CLEAN);
    else expect(outcome).toMatchObject({ state: "UNSCANNED", cause: "TOO_LARGE", error });
  });
});

describe("what is no CLEAN", () => {
  const infected = done("INFECTED", "Bad", null);
  const failed = notDone("FAILED", "ENGINE_ERROR", "exit status 1");
  test.each([infected, failed, done("SUSPICIOUS", "Odd", null), notDone("TIMEOUT", "TIME_LIMIT", "no answer")])(
    "stays: %j",
    (outcome) => {
      expect(needsInspection(outcome)).toBe(false);
      expect(judge(outcome, of({ closed: [encrypted] }), { name: "X" })).toEqual({ outcome, closed: [] });
      expect(judgeUninspected(outcome, "x")).toEqual(outcome);
    },
  );

  test("an engine's own reason for UNSCANNED stands first", () => {
    const own = notDone("UNSCANNED", "TOO_LARGE", "over a limit of ClamAV (Heuristics.Limits.Exceeded)");
    expect(judge(own, of({ closed: [encrypted] }), { name: "X" }).outcome).toEqual({
      ...own,
      error: "over a limit of ClamAV (Heuristics.Limits.Exceeded); encrypted: secret.docx (office)",
    });
    expect(judge(own, NOTHING, { name: "X" }).outcome).toEqual(own);
    expect(judgeUninspected(own, "x")).toEqual(own);
  });
});

describe("an engine that claims nothing", () => {
  const silent = done(null, null, { yara: {} });
  const none = { name: "Yara", opens: Opens.parse({ formats: {} }) };

  test("stays DONE, and its cause says what it has not looked into", () => {
    expect(judge(silent, of({ packings: [deflate] }), none)).toEqual({
      outcome: { ...silent, cause: "UNSUPPORTED_TYPE" },
      closed: [{ path: "b.txt", format: "zip", method: "deflate", state: "UNSUPPORTED" }],
    });
    expect(judge(silent, of({ packings: [deflate], closed: [encrypted] }), none).outcome).toEqual({
      ...silent,
      cause: "ENCRYPTED",
    });
  });

  test("says nothing of what has nothing in it, or where nobody could look", () => {
    expect(judge(silent, NOTHING, none)).toEqual({ outcome: silent, closed: [] });
    expect(judgeUninspected(silent, "no answer within 60 s")).toEqual(silent);
  });
});

import { describe, expect, test } from "vitest";
import { parseYara } from "../../../scanner-agent/parsers/yara.js";

const output = (stdout: string, exitCode = 0) => parseYara({ exitCode, stdout, stderr: "" });

/** YARA-X's own answer for a file that two rules and a private one match. */
const RECORDED =
  '{"valid":true,"errors":[],"warnings":["warning[invariant_expr]: invariant boolean expression"],"matches":[' +
  '{"identifier":"Dropper","namespace":"one","isGlobal":false,"isPrivate":false,"tags":["t1","t2"],"metadata":[{"identifier":"verdict","value":"infected"},{"identifier":"n","value":3}],' +
  '"patterns":[{"identifier":"$a","kind":"text","isPrivate":false,"matches":[{"offset":3,"length":5},{"offset":9,"length":5}]},{"identifier":"$b","kind":"hex","isPrivate":false,"matches":[]}]},' +
  '{"identifier":"Helper","namespace":"two","isGlobal":false,"isPrivate":true,"tags":[],"metadata":[],"patterns":[]},' +
  '{"identifier":"Packed","namespace":"two","isGlobal":false,"isPrivate":false,"tags":[],"metadata":[{"identifier":"verdict","value":"suspicious"}],"patterns":[]}]}';

function withVerdicts(...verdicts: unknown[]): string {
  const matches = verdicts.map((value, n) => ({
    identifier: `Rule${n}`,
    namespace: "default",
    isPrivate: false,
    tags: [],
    metadata: [{ identifier: "verdict", value }],
    patterns: [],
  }));
  return JSON.stringify({ valid: true, errors: [], warnings: [], matches });
}

describe("YARA-X's matches", () => {
  test("a recorded answer keeps rules, metadata and where the strings are", () => {
    expect(output(RECORDED)).toEqual({
      state: "DONE",
      verdict: "INFECTED",
      signature: "Dropper",
      error: null,
      details: {
        yara: {
          matches: [
            {
              rule: "Dropper",
              namespace: "one",
              tags: ["t1", "t2"],
              meta: { verdict: "infected", n: 3 },
              strings: [
                { name: "$a", offset: 3, length: 5 },
                { name: "$a", offset: 9, length: 5 },
              ],
            },
            { rule: "Packed", namespace: "two", tags: [], meta: { verdict: "suspicious" }, strings: [] },
          ],
        },
      },
    });
  });

  test("silence states no verdict", () => {
    expect(output('{"valid":true,"errors":[],"warnings":[],"matches":[]}')).toMatchObject({
      state: "DONE",
      verdict: null,
      signature: null,
    });
  });

  test("infected beats suspicious, in any order", () => {
    expect(output(withVerdicts("suspicious", "infected"))).toMatchObject({ verdict: "INFECTED", signature: "Rule1" });
    expect(output(withVerdicts("suspicious"))).toMatchObject({ verdict: "SUSPICIOUS", signature: "Rule0" });
  });

  test("a rule that states no verdict, or none that is known, gives none", () => {
    expect(output(withVerdicts("clean", true, null))).toMatchObject({ state: "DONE", verdict: null });
  });

  test("a sample too large to be read is unscanned", () => {
    expect(output('{"unscanned":"larger than Yara reads"}')).toMatchObject({
      state: "UNSCANNED",
      error: "larger than Yara reads",
      cause: "TOO_LARGE",
    });
  });

  test.each([
    "",
    "null",
    "[]",
    "{}",
    '{"valid":false,"errors":[],"matches":[]}',
    '{"valid":true,"errors":["e"],"matches":[]}',
    "garbage",
    '{"valid":true',
  ])("%j is failed", (text) => {
    expect(output(text)).toMatchObject({ state: "FAILED", verdict: null });
  });

  test("an exit status beats a good looking answer", () => {
    expect(output(RECORDED, 1)).toMatchObject({ state: "FAILED", verdict: null });
  });
});

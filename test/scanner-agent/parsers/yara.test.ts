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
    metadata: value === undefined ? [] : [{ identifier: "verdict", value }],
    patterns: [],
  }));
  return JSON.stringify({ valid: true, errors: [], warnings: [], matches });
}

function match(more: Record<string, unknown>): unknown {
  return { identifier: "Odd", namespace: "default", isPrivate: false, tags: [], metadata: [], patterns: [], ...more };
}

/** An answer whose first match is another. */
function altered(answer: string, more: Record<string, unknown>): unknown {
  const { matches, ...rest } = JSON.parse(answer) as { matches: object[] };
  return { ...rest, matches: [{ ...matches[0], ...more }, ...matches.slice(1)] };
}

describe("YARA-X's matches", () => {
  test("a recorded answer keeps rules, metadata and where the strings are", () => {
    expect(output(RECORDED)).toEqual({
      detections: [
        { signature: "Dropper", verdict: "INFECTED" },
        { signature: "Packed", verdict: "SUSPICIOUS" },
      ],
      state: "DONE",
      verdict: "INFECTED",
      signature: "Dropper, Packed",
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
    expect(output(withVerdicts("suspicious", "infected"))).toMatchObject({ verdict: "INFECTED", signature: "Rule1, Rule0" });
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

  test("all rules that match are the signature, each once, worst first", () => {
    const outcome = output(withVerdicts(undefined, "suspicious", "infected", undefined, "suspicious"));
    expect(outcome.signature).toBe("Rule2, Rule1, Rule4, Rule0, Rule3");
    const twice = RECORDED.replaceAll('"Packed"', '"Dropper"');
    expect(output(twice).signature).toBe("Dropper");
  });

  test("a rule that states no verdict is shown and named, without a verdict", () => {
    expect(output(withVerdicts(undefined))).toMatchObject({
      state: "DONE",
      verdict: null,
      signature: "Rule0",
      details: { yara: { matches: [{ rule: "Rule0" }] } },
    });
  });

  test("a signature is cut after a name, and keeps the worst", () => {
    const many = withVerdicts(...Array.from({ length: 300 }, (_, n) => (n === 299 ? "infected" : undefined)));
    const { signature } = output(many);
    expect(signature?.length).toBeLessThanOrEqual(1024);
    expect(signature).toMatch(/^Rule299, Rule0, .*Rule\d+, …$/);
    const long = JSON.stringify(altered(withVerdicts("infected"), { identifier: "x".repeat(3000) }));
    expect(output(long).signature).toHaveLength(1024);
  });

  test.each(["malicious", "Infected", "INFECTED", "infected ", "clean", "", 5, true, null, {}, [105, 110]])(
    "the word %j is told and is no verdict, beside one that is none the less",
    (word) => {
      const { details, verdict } = output(withVerdicts(word));
      expect(verdict).toBeNull();
      const warning = `rule Rule0: verdict = ${JSON.stringify(word)} is neither "infected" nor "suspicious", so the rule states no verdict`;
      expect(details?.["warnings"]).toEqual([warning]);
      expect(output(withVerdicts(word, "infected"))).toMatchObject({ verdict: "INFECTED", signature: "Rule1, Rule0" });
    },
  );

  test("of several verdicts of one rule the worst counts", () => {
    const verdicts = ["suspicious", "odd", "infected"].map((value) => ({ identifier: "verdict", value }));
    expect(output(JSON.stringify(altered(withVerdicts("x"), { metadata: verdicts })))).toMatchObject({ verdict: "INFECTED" });
  });

  describe.each<[string, unknown]>([
    ["is null", null],
    ["is a text", "x"],
    ["is an empty object", {}],
    ["has a number for its name", match({ identifier: 5 })],
    ["has no metadata", match({ metadata: undefined })],
    ["has a text for its metadata", match({ metadata: "x" })],
    ["has null among its metadata", match({ metadata: [null] })],
    ["has metadata without names", match({ metadata: [{ value: "infected" }] })],
    ["has a prototype in its metadata", match({ metadata: [{ identifier: "__proto__", value: { x: 1 } }] })],
    ["has numbers for tags", match({ tags: 5 })],
    ["has no namespace", match({ namespace: undefined })],
    ["has null for its patterns", match({ patterns: null })],
    ["has null among its patterns", match({ patterns: [null, { identifier: "$a", matches: [null, { offset: "x" }] }] })],
    ["has a text for its privacy", match({ isPrivate: "no" })],
    [
      "has a deep value",
      match({ metadata: [{ identifier: "deep", value: JSON.parse("[".repeat(500) + "]".repeat(500)) as unknown }] }),
    ],
  ])("a match that %s", (_, odd) => {
    test("never loses what another rule found", () => {
      const { matches, ...rest } = JSON.parse(withVerdicts("infected")) as { matches: unknown[] };
      for (const mixed of [
        [odd, ...matches],
        [...matches, odd],
      ])
        expect(output(JSON.stringify({ ...rest, matches: mixed }))).toMatchObject({ state: "DONE", verdict: "INFECTED" });
    });
  });

  test.each<[string, unknown]>([
    ["is null", null],
    ["has no metadata", match({ metadata: null })],
    ["has metadata without names", match({ metadata: [{ value: "infected" }] })],
  ])("a match that %s is failed where nothing else states a verdict", (_, odd) => {
    const text = JSON.stringify({ valid: true, errors: [], matches: [odd] });
    expect(output(text)).toMatchObject({ state: "FAILED", error: "a match cannot be read" });
  });

  test.each([
    ["is not valid", { valid: false }],
    ["has errors", { errors: ["a time-out"] }],
    ["has a text for its errors", { errors: "x" }],
    ["says neither", { valid: undefined, errors: undefined }],
  ])("a scan that %s keeps what it found, and is failed without", (_, more) => {
    const found = { ...(JSON.parse(withVerdicts("infected")) as object), ...more };
    expect(output(JSON.stringify(found))).toMatchObject({ state: "DONE", verdict: "INFECTED" });
    expect(output(JSON.stringify({ ...found, matches: [] }))).toMatchObject({ state: "FAILED", verdict: null });
  });
});

test("more verdicts than can be told one by one are told as one, and that none can be suppressed", () => {
  const answer = output(withVerdicts(...Array.from({ length: 101 }, () => "infected")));
  expect(answer).toMatchObject({ verdict: "INFECTED", details: { warnings: [expect.stringMatching(/^101 rules/)] } });
  expect(answer.detections).toBeUndefined();
});

import { beforeAll, describe, expect, test } from "vitest";
import { ruleCases } from "./rule-cases.js";
import { ruleSet, type RuleSet } from "./rule-set.js";

let rules: RuleSet;
const found = (bytes: Uint8Array, rule: string) => rules.scan(bytes).find((match) => match.rule === rule);

beforeAll(async () => {
  rules = await ruleSet();
});

describe("the rule set", () => {
  test("compiles without a warning", () => {
    expect(rules.warnings).toEqual([]);
  });

  test("has samples for every rule, and no sample for a rule that is gone", () => {
    const names = [...rules.names.values()].flat();
    expect(new Set(names).size).toBe(names.length);
    expect(names.toSorted()).toEqual(Object.keys(ruleCases).toSorted());
  });

  test("has rules in every file", () => {
    expect([...rules.names].filter(([, names]) => names.length === 0)).toEqual([]);
  });
});

describe.each(Object.entries(ruleCases))("%s", (rule, { found: samples, passed }) => {
  test.each(Object.entries(samples))("finds %s", (_, bytes) => {
    expect(found(bytes, rule)).toBeDefined();
  });

  test.each(Object.entries(passed))("lets pass: %s", (_, bytes) => {
    expect(found(bytes, rule)).toBeUndefined();
  });

  test("has samples of both kinds", () => {
    expect(Object.keys(samples)).not.toEqual([]);
    expect(Object.keys(passed)).not.toEqual([]);
  });

  test("says what it finds, in which category, and a verdict that the mesh knows", () => {
    const match = Object.values(samples).map((bytes) => found(bytes, rule))[0];
    expect(match?.meta).toEqual({
      description: expect.stringMatching(/^[A-Z].{9,119}[^.]$/),
      author: "ScanMesh",
      category: expect.stringMatching(/^[a-z-]+$/),
      ...(match?.meta["verdict"] === undefined ? {} : { verdict: expect.stringMatching(/^(infected|suspicious)$/) }),
    });
  });
});

const limited = Object.entries(ruleCases).flatMap(([rule, { found: samples, below }]) => {
  const [sample] = Object.values(samples);
  return below === undefined || sample === undefined ? [] : [{ rule, below, sample }];
});

test.each(limited)("$rule leaves alone what has $below bytes or more, and nothing smaller", ({ rule, below, sample }) => {
  const grownTo = (size: number) => Buffer.concat([sample, Buffer.alloc(size - sample.length, " ")]);
  expect(found(grownTo(below - 1), rule)).toBeDefined();
  expect(found(grownTo(below), rule)).toBeUndefined();
});

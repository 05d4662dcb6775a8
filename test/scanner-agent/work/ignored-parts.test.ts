import { expect, test } from "vitest";
import { createIgnoredParts } from "../../../scanner-agent/work/ignored-parts.js";
import { ignorable, ignoredRevision } from "../../../schema/suppressed.js";

const part = (all: readonly string[], n: number, parts: number, engine = "ClamAV") => {
  const length = Math.ceil(all.length / parts);
  const signatures = all.slice(n * length, (n + 1) * length);
  return { v: 1, kind: "ignore", engine, revision: ignoredRevision(all), part: n, parts, signatures } as const;
};

test("a list is taken once all of its parts are there, in any order, and not mixed with another", () => {
  const collect = createIgnoredParts();
  const [first, second] = [
    ["a", "b", "c"],
    ["a", "c", "d"],
  ];
  expect(collect(part(first, 1, 2))).toBeUndefined();
  expect(collect(part(second, 0, 2))).toBeUndefined();
  expect(collect(part(first, 0, 2))).toBeUndefined();
  expect(collect(part(first, 0, 2, "Other"))).toBeUndefined();
  expect(collect(part(first, 1, 2))).toEqual(first);
  expect(collect(part([], 0, 1))).toEqual([]);
});

test("a list that is not what its revision says is not taken", () => {
  const collect = createIgnoredParts();
  expect(collect({ ...part(["a"], 0, 1), signatures: ["b"] })).toBeUndefined();
});

test("names that ClamAV would not read are not sent to it", () => {
  expect(ignorable(["b", "a:b", "a b", "a", "b", "é", "", "x".repeat(257), "{HEX}a.b(c)[1]"])).toEqual([
    "a",
    "b",
    "{HEX}a.b(c)[1]",
  ]);
});

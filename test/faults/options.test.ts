import { expect, it } from "vitest";
import { randomOf } from "../bench/random.js";
import { textOf } from "../house/source.js";
import { CASES } from "./cases.js";
import { readOptions } from "./options.js";
import { subsets } from "./subsets.js";

it("every case has a name of its own, and a row in docs/run/faults.md", () => {
  const names = CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const rows = [...textOf("docs/run/faults.md").matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(names);
});

it.each([
  [["--case", "nix"], '--case: there is no case "nix"; --list shows those that there are'],
  [["--minutes", "0"], "--minutes: needs a whole number from 1 to 10000"],
  [["--minutes", "ten"], "--minutes: needs a whole number from 1 to 10000"],
  [["--seed", "1.5"], "--seed: needs a whole number from 0 to 4294967295"],
  [["--banana"], "Unknown option '--banana'"],
  [["kill-nats"], "Unexpected argument 'kill-nats'"],
])("%j is refused by a sentence", (args, sentence) => {
  expect(() => readOptions(args, CASES)).toThrow(sentence);
});

it("reads what is asked for, each case once", () => {
  const args = ["--case", "kill-nats", "--case", "wipe-nats", "--case", "kill-nats", "--seed", "7", "--minutes", "60", "--busy"];
  const options = readOptions(args, CASES);
  expect(options?.cases.map(({ name }) => name)).toEqual(["kill-nats", "wipe-nats"]);
  expect(options).toMatchObject({ seed: 7, minutes: 60, busy: true, list: false, json: undefined });
  expect(readOptions(["--help"], CASES)).toBeUndefined();
});

it("chooses the same cases for the same seed, never two for one part, and none that another needs", () => {
  const take = (seed: number) => {
    const chosen = subsets(CASES, randomOf(seed));
    return Array.from({ length: 50 }, () => chosen.next().value as readonly (typeof CASES)[number][]);
  };
  expect(take(7)).toEqual(take(7));
  expect(take(8)).not.toEqual(take(7));
  expect(new Set(take(7).map((cases) => cases.length))).toEqual(new Set([1, 2, 3]));
  for (const cases of take(7)) {
    const targets = cases.map(({ target }) => target);
    expect(new Set(targets).size).toBe(cases.length);
    for (const { needs = [] } of cases) expect(needs.filter((target) => targets.includes(target))).toEqual([]);
  }
});

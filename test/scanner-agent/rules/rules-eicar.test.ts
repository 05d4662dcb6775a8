import { beforeAll, describe, expect, test } from "vitest";
import { EICAR } from "../eicar.js";
import { ruleSet, type RuleSet } from "./rule-set.js";

const WHITE_SPACE = ["\t", "\n", "\r", "\x1a", " "];

let rules: RuleSet;
const verdict = (bytes: Uint8Array) => rules.scan(bytes).find(({ rule }) => rule === "EICAR_Test_File")?.meta["verdict"];
const followedBy = (text: string) => Buffer.concat([EICAR, Buffer.from(text, "latin1")]);

beforeAll(async () => {
  rules = await ruleSet();
});

describe("the EICAR test file is infected", () => {
  test("as it is, 68 bytes", () => {
    expect(EICAR).toHaveLength(68);
    expect(verdict(EICAR)).toBe("infected");
  });

  test.each(WHITE_SPACE.map((character) => [JSON.stringify(character), character] as const))("followed by %s", (_, character) => {
    expect(verdict(followedBy(character))).toBe("infected");
  });

  test("followed by white space of every kind up to 128 bytes", () => {
    expect(verdict(followedBy(WHITE_SPACE.join("").repeat(12)))).toBe("infected");
  });
});

describe("what only resembles the EICAR test file is not", () => {
  test.each([
    ["at offset 1", Buffer.concat([Buffer.from(" "), EICAR])],
    ["129 bytes long", followedBy(" ".repeat(61))],
    ["followed by a letter", followedBy("x")],
    ["followed by a zero byte", followedBy("\0")],
    ["followed by a line break and a letter", followedBy("\nx")],
    ["followed by white space and another byte at the limit", followedBy(`${" ".repeat(59)}.`)],
    ["without its last byte", EICAR.subarray(0, 67)],
    ["with one byte changed", Buffer.from(EICAR).fill("x", 40, 41)],
    ["in lower case", Buffer.from(EICAR.toString("latin1").toLowerCase(), "latin1")],
    ["empty", Buffer.alloc(0)],
  ])("%s", (_, bytes) => {
    expect(verdict(bytes)).toBeUndefined();
  });
});

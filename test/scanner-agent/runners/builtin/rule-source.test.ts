import { describe, expect, test } from "vitest";
import { names, rule, useRuleFolder } from "./rule-folder.js";

const { folder, read } = useRuleFolder();

describe("numbers in metadata", () => {
  test.each([
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", "9007199254740992"],
    ["-9007199254740991", -9007199254740991],
    ["-9007199254740992", "-9007199254740992"],
    ["- 20240101123456789", "-20240101123456789"],
    ["-\n/* minus */\n20240101123456789", "-20240101123456789"],
    ["20240101123456789", "20240101123456789"],
    ["9223372036854775808", "9223372036854775808"],
    ["99999999999999999999999999999999", "99999999999999999999999999999999"],
    ["0xdeadbeefdeadbeef", "0xdeadbeefdeadbeef"],
    ["-0x20000000000001", "-0x20000000000001"],
    ["0xff", 255],
    ["0o777777777777777777", "0o777777777777777777"],
    ["0o17", 15],
    ["20_240_101_123_456_789", "20_240_101_123_456_789"],
    ["1_000", 1000],
    ["10000000000000KB", "10000000000000KB"],
    ["9999999999MB", "9999999999MB"],
    ["5KB", 5120],
    ["-5MB", -5242880],
    ["1.5", 1.5],
    ["1.10", "1.10"],
    ["-0.0", "-0.0"],
    ["123456789012345678901234567890.5", "123456789012345678901234567890.5"],
    ["true", true],
    ['"20240101123456789"', "20240101123456789"],
  ])("%s is told as %j", async (written, told) => {
    const { scan, problems } = await read({ "a.yar": `rule A { meta: id = ${written} after = "x" condition: true }` });
    expect(problems).toEqual([]);
    expect(scan("")).toEqual([{ rule: "A", namespace: "a", meta: { id: told, after: "x" } }]);
  });

  test("are so in rules of every kind, and hide no other rule", async () => {
    const { scan, problems } = await read({
      "mix.yar": [
        "private rule Hidden { meta: id = 20240101123456789 condition: true }",
        "global rule Everywhere : t { meta: id = -0x7fffffffffffffff condition: true }",
        `rule Evil { meta: verdict = "infected" strings: $a = "evil" $h = { 65 [1-20240101] 66 } condition: $a or $h }`,
      ].join("\n"),
    });
    expect(problems).toEqual([]);
    expect(names(scan("evil"))).toEqual(expect.arrayContaining(["Everywhere", "Evil"]));
  });

  test("are left as they are in conditions, strings and comments", async () => {
    const { scan, problems } = await read({
      "a.yar": [
        "// id = 20240101123456789",
        'rule A { strings: $a = "id = 20240101123456789" $b = /id = 20240101123456789/',
        "condition: $a and $b and filesize < 20240101123456789 /* meta: id = 20240101123456789 */ }",
      ].join("\n"),
    });
    expect(problems).toEqual([]);
    expect(names(scan("id = 20240101123456789"))).toEqual(["A"]);
  });
});

describe("includes", () => {
  test("are put in place, once each, and what is included is not a set of rules by itself as well", async () => {
    const { scan, problems } = await read({
      "index.yar": 'include "./sub/one.yar" include "sub/two.yar"\ninclude "sub/../own.inc"\nrule Own { condition: Priv }',
      "sub/one.yar": `include "base.yar"\n${rule("One", "x", "$a and Base")}`,
      "sub/two.yar": `include "base.yar"\n${rule("Two", "x", "$a and Base")}`,
      "sub/base.yar": "private rule Base { condition: true }",
      "own.inc": "private rule Priv { condition: true }",
    });
    expect(problems).toEqual([]);
    expect(scan("x").map(({ rule: name, namespace }) => `${namespace}:${name}`)).toEqual(["index:One", "index:Two", "index:Own"]);
  });

  test.each([
    ["../outside.yar", "it leads out of the rule folder"],
    ["sub/../../outside.yar", "it leads out of the rule folder"],
    ["/etc/passwd", "it leads out of the rule folder"],
    ["absent.yar", "there is no such file in the rule folder"],
    ["sub", "there is no such file in the rule folder"],
    ["", "there is no such file in the rule folder"],
    ["a.yar", "the file includes itself"],
    ["latin1.inc", "the file is not UTF-8 (line 1), so it is not read"],
  ])("of %j is refused by name, and the rules beside it are read", async (name, reason) => {
    await folder().write({ "sub/x.txt": "", "latin1.inc": Buffer.from("// \u{E9}", "latin1") });
    const { scan, problems } = await read({ "a.yar": `\ninclude "${name}"\n${rule("A", "x")}` });
    expect(problems).toEqual([expect.stringContaining(`a.yar:2: include ${JSON.stringify(name)}: ${reason}`)]);
    expect(names(scan("x"))).toEqual(["A"]);
  });

  test("in circles are refused by name, and every rule is read", async () => {
    const { scan, problems } = await read({
      "a.yar": `include "b.yar"\n${rule("A", "x")}`,
      "b.yar": `include "c.yar"\n${rule("B", "x")}`,
      "c.yar": `include "a.yar"\n${rule("C", "x")}`,
    });
    expect(problems).toContain('c.yar:1: include "a.yar": the file includes itself, directly or through others');
    expect(names(scan("x")).toSorted()).toEqual(expect.arrayContaining(["A", "B", "C"]));
  });

  test("in comments and texts are none", async () => {
    const { scan, problems } = await read({
      "a.yar": `// include "no.yar"\n/* include "no.yar" */\n${rule("A", 'include \\"no.yar\\"')}`,
    });
    expect(problems).toEqual([]);
    expect(names(scan('include "no.yar"'))).toEqual(["A"]);
  });

  test("keep the lines of what goes wrong in them", async () => {
    const { problems } = await read({
      "index.yar": `include "sub/a.yar"   include "sub/b.yar"\n\n\n${rule("Bad", "x", "$a and absent")}`,
      "sub/a.yar": `\n\n${rule("BadA", "x", "$a and absent")}`,
      "sub/b.yar": `\n${rule("B", "x")}\n\n\n${rule("BadB", "x", "$a and absent")}\n`,
    });
    expect(problems.map((problem) => problem.split(": unknown")[0]).toSorted()).toEqual([
      "index.yar:4: rule Bad",
      "sub/a.yar:3: rule BadA",
      "sub/b.yar:5: rule BadB",
    ]);
  });

  test("of two files with a rule of the same name lose neither", async () => {
    const { scan, problems } = await read({
      "index.yar": 'include "one.yar"\ninclude "two.yar"\n',
      "one.yar": rule("Same", "x"),
      "two.yar": rule("Same", "y"),
    });
    expect(problems).toEqual([]);
    expect(names(scan("y"))).toEqual(["Same"]);
    expect(names(scan("x"))).toEqual(["Same"]);
  });

  test("of a file whose global rule does not compile leave the others to be read by themselves", async () => {
    const { scan, problems } = await read({
      "index.yar": 'include "bad.yar"\ninclude "good.yar"',
      "bad.yar": `global rule All { condition: absent }\n${rule("Beside", "x")}`,
      "good.yar": rule("Good", "x"),
    });
    expect(problems).toEqual([expect.stringMatching(/^bad\.yar:1: rule All: unknown identifier/)]);
    expect(names(scan("x"))).toEqual(["Good"]);
  });
});

describe("verdicts", () => {
  test.each(['"malicious"', '"Infected"', '"clean"', '""', "5", "true", "- 3"])(
    "%s is told and the rule is read",
    async (value) => {
      const { scan, problems } = await read({ "a.yar": `\nrule A { meta: verdict = ${value} condition: true }` });
      const shown = value.replace(" ", "");
      expect(problems).toEqual([
        `a.yar:2: rule A: verdict = ${shown} is neither "infected" nor "suspicious", so the rule states no verdict`,
      ]);
      expect(names(scan(""))).toEqual(["A"]);
    },
  );

  test.each(['"infected"', '"suspicious"', '"""infected"""', '"\\x69nfected"'])("%s is known", async (value) => {
    expect((await read({ "a.yar": `rule A { meta: verdict = ${value} condition: true }` })).problems).toEqual([]);
  });
});

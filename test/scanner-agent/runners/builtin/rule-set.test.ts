import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { names, rule, rulesIn, useRuleFolder } from "./rule-folder.js";

const { folder, read } = useRuleFolder();

describe("what does not compile", () => {
  test("is told rule by rule, and the others of the file are read", async () => {
    const { scan, problems, name } = await read({
      "mixed.yar": [
        'import "magic"',
        'import "pe"',
        rule("First", "x"),
        'rule Mag { condition: magic.mime_type() == "application/pdf" }',
        "rule Dependent { condition: Mag or First }",
        rule("Unused", "x", "true"),
        `${rule("Left", "x")} rule Broken { condition: absent } ${rule("Right", "x")}`,
        "rule Syntax { condition: and }",
        rule("Last", "x", "$a and not pe.is_pe"),
      ].join("\n"),
      "z.yar": rule("Other", "x"),
    });
    expect(problems.map((problem) => problem.split(": ").slice(0, 2).join(": ")).toSorted()).toEqual([
      "mixed.yar:1: unknown module `magic`",
      "mixed.yar:4: rule Mag",
      "mixed.yar:5: rule Dependent",
      "mixed.yar:6: rule Unused",
      "mixed.yar:7: rule Broken",
      "mixed.yar:8: rule Syntax",
    ]);
    expect(name).toMatch(/ \(1 of 2 rule files do not compile\)$/);
    expect(names(scan("x"))).toEqual(["First", "Left", "Right", "Last", "Other"]);
  });

  test.each([
    ["nothing of rules", "nothing of the kind", /^bad\.yar:1: syntax error/],
    ["a NUL", `${rule("A", "x")}\n\0`, /^bad\.yar:2: syntax error/],
    ["a brace that is missing", "rule A {\n condition: true\n", /^bad\.yar:\d: (rule A: )?syntax error/],
    ["brackets too deep to be read", `rule A { condition: ${"(".repeat(20_000)}true${")".repeat(20_000)} }`, /^bad\.yar:1: /],
  ])("never keeps another file from being read: %s", async (_, text, sentence) => {
    const { scan, problems } = await read({ "bad.yar": text, "good.yar": rule("Good", "x") });
    expect(problems).toEqual([expect.stringMatching(sentence)]);
    expect(names(scan("x"))).toEqual(["Good"]);
  });

  test("is an error if nothing is left", async () => {
    await expect(read({ "bad.yar": "no rule" })).rejects.toThrow(/^no rule file compiles: .*bad\.yar:1: syntax error/);
    await rm(join(folder().path, "bad.yar"));
    await expect(rulesIn(folder())).rejects.toThrow("there is no rule file");
  });

  test("a rule needs what is in another file, which it does not include", async () => {
    const { scan, problems } = await read({
      "a.yar": rule("A", "x", "$a and Priv"),
      "b.yar": "private rule Priv { condition: true }",
    });
    expect(problems).toEqual([expect.stringMatching(/^a\.yar:1: rule A: unknown identifier `Priv`/)]);
    expect(scan("x")).toEqual([]);
  });
});

describe("external variables", () => {
  test("are empty texts, so that public rules compile and match where they do not need them", async () => {
    const { scan, problems } = await read({
      "a.yar": [
        rule("Not", "x", 'not filename matches /\\.txt$/ and not extension == ".exe" and $a'),
        rule("Or", "x", '$a or filepath contains "temp"'),
        rule("Empty", "x", '$a and filename == "" and owner iequals ""'),
        rule("Either", "x", '$a and (filetype == "EXE" or filesize < 10)'),
      ].join("\n"),
    });
    expect(problems).toEqual([]);
    expect(names(scan("x"))).toEqual(["Not", "Or", "Empty", "Either"]);
  });

  test.each([
    ["$a and filename matches /\\.txt$/", "filename"],
    ['filename == "a" and $a', "filename"],
    ['$a and ".exe" == extension', "extension"],
    ['$a and (filepath icontains "temp" or filepath startswith "C:")', "filepath"],
    ['$a and not (filetype != "EXE")', "filetype"],
    ["$a and owner", "owner"],
    ['$a and filename != ""', "filename"],
  ])("keep a rule from ever matching, which is told: %s", async (condition, variable) => {
    const { problems } = await read({ "a.yar": `\n${rule("A", "x", condition)}\n${rule("B", "x")}` });
    expect(problems).toEqual([
      `a.yar:2: rule A can never match: it needs the external variable ${variable}, which is always empty`,
    ]);
  });

  test("mute what depends on such a rule, and everything beside a global one", async () => {
    const dependent = await read({
      "a.yar": ['private rule P { condition: filename == "a" }', rule("A", "x", "$a and P"), rule("B", "x", "$a or P")].join(
        "\n",
      ),
    });
    expect(dependent.problems).toEqual([
      expect.stringContaining("a.yar:1: rule P can never match: it needs"),
      "a.yar:2: rule A can never match: it depends on a rule that never matches",
    ]);
    const global = await read({ "a.yar": ['global rule G { condition: filename == "a" }', rule("A", "x")].join("\n") });
    expect(global.problems[1]).toBe("a.yar:2: rule A can never match: the global rule G never matches");
  });

  test("do not blame a rule that its author turned off, nor names of the same spelling", async () => {
    const { problems } = await read({
      "a.yar": [
        'import "pe"',
        rule("Off", "x", "$a and false"),
        rule("Uses", "x", '$a and filename != "a"'),
        'rule Field { condition: pe.version_info["owner"] == "a" }',
      ].join("\n"),
    });
    expect(problems).toEqual([]);
  });
});

describe("modules", () => {
  test.each(["pe", "elf", "macho", "dotnet", "lnk", "math", "hash", "string", "time", "console"])(
    "%s is there",
    async (module) => {
      expect((await read({ "a.yar": `import "${module}"\n${rule("A", "x")}` })).problems).toEqual([]);
    },
  );

  test("cuckoo has no report, which is told", async () => {
    const { problems } = await read({ "a.yar": 'import "cuckoo"\nrule A { condition: cuckoo.network.http_request(/x(y)/) }' });
    expect(problems).toEqual(["a.yar:2: rule A can never match: it needs a report of cuckoo, which there is none of"]);
  });
});

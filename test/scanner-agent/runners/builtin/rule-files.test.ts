import { execFileSync } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { names, rule, rulesIn, useRuleFolder } from "./rule-folder.js";

const { folder, read } = useRuleFolder();

describe("the encoding of rule files", () => {
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  const utf16 = (text: string, mark = "\u{FEFF}") => Buffer.from(mark + text, "utf16le");

  test.each([
    ["a comment in Latin-1", latin1(`// caf\u{E9}\n${rule("A", "x")}`), "is not UTF-8 (line 1)"],
    ["a text in Latin-1", latin1(`\n\n${rule("A", "caf\u{E9}")}`), "is not UTF-8 (line 3)"],
    ["a regular expression in Latin-1", latin1("rule A { strings: $a = /caf\u{E9}/ condition: $a }"), "is not UTF-8 (line 1)"],
    ["bytes after the last newline", latin1(`${rule("A", "x")}\n\u{FF}`), "is not UTF-8 (line 2)"],
    ["UTF-16, little-endian", utf16(rule("A", "x")), "is UTF-16, not UTF-8"],
    ["UTF-16, big-endian", utf16(rule("A", "x")).swap16(), "is UTF-16, not UTF-8"],
    ["UTF-16 without a mark", utf16(rule("A", "x"), ""), "is UTF-16, not UTF-8"],
    ["UTF-16, big-endian, without a mark", utf16(rule("A", "x"), "").swap16(), "is UTF-16, not UTF-8"],
    ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x72, 0, 0, 0]), "is UTF-32, not UTF-8"],
  ])("refuses %s by name, and reads the others", async (_, content, reason) => {
    const { scan, problems, name } = await read({ "bad.yar": content, "good.yar": rule("Good", "x") });
    expect(problems).toEqual([expect.stringContaining(`bad.yar ${reason}`)]);
    expect(name).toMatch(/ \(1 of 2 rule files do not compile\)$/);
    expect(names(scan("x"))).toEqual(["Good"]);
  });

  test("passes over a byte order mark, in an included file too, and keeps letters of every kind", async () => {
    const { scan, problems } = await read({
      "bom.yar": `\u{FEFF}include "more.inc"\n${rule("Bom", "caf\u{E9} \u{1F600}")}`,
      "more.inc": `\u{FEFF}${rule("More", "caf\u{E9}")}`,
      "empty.yar": "\u{FEFF}",
    });
    expect(problems).toEqual([]);
    expect(names(scan("caf\u{E9} \u{1F600}"))).toEqual(["More", "Bom"]);
  });
});

describe("an entry that cannot be read", () => {
  test.each([
    ["a dangling link", () => symlink("/nowhere", join(folder().path, "a.yar")), /^a\.yar cannot be read: ENOENT/],
    ["a link to itself", () => symlink("a.yar", join(folder().path, "a.yar")), /^a\.yar cannot be read: ELOOP/],
    ["a folder with the name of a rule file", () => mkdir(join(folder().path, "a.yar")), /^a\.yar is a folder, not a file/],
    ["a named pipe", async () => execFileSync("mkfifo", [join(folder().path, "a.yar")]), /^a\.yar is not a regular file/],
    ["a link to a device", () => symlink("/dev/zero", join(folder().path, "a.yar")), /^a\.yar is not a regular file/],
  ])("is told, and all others are read: %s", async (_, make, sentence) => {
    await make();
    const { scan, problems } = await read({ "good.yar": rule("Good", "x"), "z.yara": rule("Last", "x") });
    expect(problems).toEqual([expect.stringMatching(sentence)]);
    expect(names(scan("x"))).toEqual(["Good", "Last"]);
  });

  test("is passed over where it has no name of a rule file", async () => {
    await symlink("/nowhere", join(folder().path, "LICENSE"));
    expect((await read({ "good.yar": rule("Good", "x") })).problems).toEqual([]);
  });
});

describe("subfolders", () => {
  test("are read, each file as a namespace of its own; hidden ones are not", async () => {
    const { scan, problems } = await read({
      "a.yar": rule("A", "x"),
      "a.yara": rule("A", "x"),
      "a-2.yar": rule("A", "x"),
      "deep/er/a.YAR": rule("A", "x"),
      ".git/a.yar": rule("Hidden", "x"),
      "notes.txt": "no rule",
    });
    expect(problems).toEqual([]);
    const found = scan("x").map(({ rule: name, namespace }) => `${namespace}:${name}`);
    expect(found.toSorted()).toEqual(["a-2:A", "a-3:A", "a:A", "deep/er/a:A"]);
  });

  test("that link in circles are read once", async () => {
    await folder().write({ "sub/a.yar": rule("A", "x") });
    await symlink("..", join(folder().path, "sub", "up"));
    await symlink("sub", join(folder().path, "again"));
    const { scan, problems } = await rulesIn(folder());
    expect(problems).toEqual([]);
    expect(names(scan("x"))).toEqual(["A"]);
  });
});

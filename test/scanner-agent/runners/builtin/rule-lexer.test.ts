import { expect, test } from "vitest";
import { tokensOf } from "../../../../scanner-agent/runners/builtin/rule-lexer.js";
import { outlineOf, unquoted } from "../../../../scanner-agent/runners/builtin/rule-outline.js";

test.each([
  ["rule a", "word:rule word:a"],
  ["// rule a\nb", "word:b"],
  ["a // no end", "word:a"],
  ["/* rule\n a */ b", "word:b"],
  ["/* a **/b", "word:b"],
  ["/* no end", "mark:/ mark:* word:no word:end"],
  ['"a // b"', 'string:"a // b"'],
  ['"a \\" b" c', 'string:"a \\" b" word:c'],
  ['"a \\\\" c', 'string:"a \\\\" word:c'],
  ['"no end\nb', 'mark:" word:no word:end word:b'],
  ['"""a\nb""" c', 'string:"""a\nb""" word:c'],
  ['"" c', 'string:"" word:c'],
  ["/a\\/b/is c", "regexp:/a\\/b/is word:c"],
  ["/a[/]/", "regexp:/a[/ mark:] mark:/"],
  ["/a\n/", "mark:/ word:a mark:/"],
  ['/{ " /', 'regexp:/{ " /'],
  ["= { 00 ?? [2-4] // }\n (a|b) ~0? } c", "mark:= hex:{ 00 ?? [2-4] // }\n (a|b) ~0? } word:c"],
  ["= { 00 /* } */ 01 }", "mark:= hex:{ 00 /* } */ 01 }"],
  ["= { 00 rule", "mark:= mark:{ number:00 word:rule"],
  ["{ meta", "mark:{ word:meta"],
  ["== { 00 }", "mark:== mark:{ number:00 mark:}"],
  ["$a #a @a[1] !a[1] $", "word:$a word:#a word:@a mark:[ number:1 mark:] word:!a mark:[ number:1 mark:] word:$"],
  ["a != b", "word:a mark:!= word:b"],
  ["(1..2)", "mark:( number:1 mark:.. number:2 mark:)"],
  [
    "1 -2 0x1F 0o17 5KB 6MB 7kb 1.5 1_000 1. 1e5",
    "number:1 mark:- number:2 number:0x1F number:0o17 number:5KB number:6MB number:7 word:kb number:1.5 number:1_000 number:1 mark:. number:1 word:e5",
  ],
  ["\u{1F600}", "mark:\u{D83D} mark:\u{DE00}"],
  ["", ""],
])("the tokens of %j", (source, tokens) => {
  expect(
    tokensOf(source)
      .map(({ kind, start, end }) => `${kind}:${source.slice(start, end)}`)
      .join(" "),
  ).toBe(tokens);
});

test("a literal of millions of characters is a token", () => {
  const long = `"${"a".repeat(5_000_000)}"`;
  expect(tokensOf(`${long} /${"b".repeat(5_000_000)}/`)).toMatchObject([
    { kind: "string", end: long.length },
    { kind: "regexp" },
  ]);
});

const meta = (source: string) =>
  outlineOf(source).rules.flatMap((rule) => rule.meta.map(({ key, kind, text }) => `${rule.name}.${key}=${kind}:${text}`));

test.each([
  [
    'rule A { meta: a = 1 b = -2 c = "x" d = true condition: true }',
    ["A.a=number:1", "A.b=number:-2", 'A.c=string:"x"', "A.d=word:true"],
  ],
  ["private global rule A : t1 t2 { meta: a = - /* minus */ 5 condition: a }", ["A.a=number:-5"]],
  ["rule A { condition: meta == 5 }", []],
  ['rule A { strings: $a = "meta: a = 5" condition: $a }', []],
  ["rule A { strings: $a = { 00 } $b = /}/ condition: $a } rule B { meta: b = 1 condition: true }", ["B.b=number:1"]],
  ["// rule A { meta: a = 1 condition: true }", []],
  ["rule A { meta: a = 1 condition: true\nrule B { meta: b = 2 condition: true }", ["A.a=number:1", "B.b=number:2"]],
  ["rule { meta: a = 1 }", []],
  ["rule", []],
])("the metadata of %j", (source, entries) => {
  expect(meta(source)).toEqual(entries);
});

test("a rule without an end does not take the modifiers of the next", () => {
  const source = "global rule A { condition: true\nprivate rule B { condition: true }";
  const rules = outlineOf(source).rules.map((rule) => [rule.name, rule.global, source.slice(rule.start, rule.end)]);
  expect(rules).toEqual([
    ["A", true, "global rule A { condition: true"],
    ["B", false, "private rule B { condition: true }"],
  ]);
});

test.each([
  ['include "a.yar"', ["a.yar"]],
  ['include\n  // which\n  "sub/a b.yar"', ["sub/a b.yar"]],
  ['// include "a.yar"\n/* include "b.yar" */', []],
  ['rule A { strings: $a = "include \\"a.yar\\"" $b = /include "a.yar"/ condition: any of them }', []],
  ['rule A { condition: include "a.yar" }', []],
  ['include "a\\\\b\\x2e\\"yar"', ['a\\b."yar']],
  ["include 5", []],
])("the includes of %j", (source, names) => {
  expect(outlineOf(source).includes.map(({ name }) => name)).toEqual(names);
});

test.each([
  ['"a"', "a"],
  ['""', ""],
  ['"""a\nb"""', "a\nb"],
  ['"\\x41\\t\\n\\r\\\\\\"\\q"', 'A\t\n\r\\"q'],
])("%j says", (literal, text) => {
  expect(unquoted(literal)).toBe(text);
});

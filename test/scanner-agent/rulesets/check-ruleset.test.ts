/** What a host finds in rules that nobody serves yet: real YARA-X, in a process of its own. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAbortController } from "../../../schema/abort-controller.js";
import { checkRuleset, type CheckOptions } from "../../../scanner-agent/rulesets/check-ruleset.js";
import type { RulesetFile } from "../../../scanner-agent/runners/builtin/rule-check.js";
import { openRuleSession } from "../../../scanner-agent/runners/builtin/rule-session.js";
import { NEVER_ABORTED } from "../../../scanner-agent/within.js";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "rulesets-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rule = (name: string, condition = "filesize > 1") =>
  `rule ${name} { meta: verdict = "infected" condition: ${condition} }\n`;

/** The check of these files; each mistake as one line. */
async function check(
  files: Readonly<Record<string, string | { problem: string }>>,
  { signal = NEVER_ABORTED, ...options }: Partial<CheckOptions> & { signal?: AbortSignal } = {},
) {
  const given = Object.entries(files).map(([path, file]): RulesetFile => ({
    path,
    ...(typeof file === "string" ? { text: file } : file),
  }));
  const host = { folder, programPath: "", fence: undefined, startContained: undefined, log: pino({ level: "silent" }) };
  const session = openRuleSession(host, given, signal);
  try {
    const { rules, mistakes, omitted } = await checkRuleset(session, signal, {
      onFile: () => undefined,
      probeMs: 1_500,
      ...options,
    });
    const lines = mistakes.map(({ path, line, message, severity }) => `${severity} ${path}:${line ?? ""} ${message}`);
    return { rules, lines, omitted };
  } finally {
    await session.end();
  }
}

it("names every mistake of every file with its line", async () => {
  const { lines } = await check({
    "one.yar": `${rule("A")}rule B { condition: nonsense }\n${rule("C", "B")}rule D { strings: $a = /(/ condition: $a }\n`,
    "two.yara": `rule E { condition: }\n`,
    "fine.yar": rule("F"),
  });
  expect(lines).toEqual([
    expect.stringMatching(/^ERROR one\.yar:2 rule B: .*nonsense/),
    expect.stringMatching(/^ERROR one\.yar:4 rule D: /),
    expect.stringMatching(/^ERROR two\.yara:1 rule E: /),
  ]);
});

it("warns of what does not keep rules from being enabled", async () => {
  const { lines, rules } = await check({
    "slow.yar": `rule Slow { strings: $a = { 00 [1-10] 00 } condition: $a }\n`,
    "odd.yar": `rule Odd { meta: verdict = "bad" condition: filename == "x" }\n`,
  });
  expect(rules).toBe(2);
  expect(lines.every((line) => line.startsWith("WARNING "))).toBe(true);
  expect(lines).toContainEqual(expect.stringContaining('odd.yar:1 rule Odd: verdict = "bad"'));
  expect(lines).toContainEqual(expect.stringContaining("odd.yar:1 rule Odd can never match"));
});

it("warns once where no rule of a whole ruleset states a verdict, and not where another one does", async () => {
  const silent = (name: string) => `// tells, and says no more\nrule ${name} { meta: author = "a" condition: filesize > 1 }\n`;
  const both = { "a.yar": `include "c.inc"\n${silent("A")}`, "b.yar": silent("B"), "c.inc": silent("C") };
  const { lines, rules } = await check(both);
  expect(lines).toEqual([expect.stringMatching(/^WARNING a\.yar:3 no rule of this ruleset states a verdict: .*"suspicious"$/)]);
  expect(rules).toBe(3);
  expect((await check({ ...both, "c.inc": rule("C") })).lines).toEqual([]);
});

it("refuses an include that leads out of the ruleset, by its name", async () => {
  const { lines } = await check({
    "a.yar": `include "../../etc/passwd"\ninclude "/etc/passwd"\ninclude "gone.yar"\n${rule("A")}`,
    "sub/b.yar": `include "../shared.inc"\n${rule("B", "Shared")}`,
    "shared.inc": rule("Shared"),
  });
  expect(lines).toEqual([
    expect.stringMatching(/^ERROR a\.yar:1 include "\.\.\/\.\.\/etc\/passwd": it leads out/),
    expect.stringMatching(/^ERROR a\.yar:2 include "\/etc\/passwd": it leads out/),
    expect.stringMatching(/^ERROR a\.yar:3 include "gone\.yar": there is no such file/),
  ]);
});

it("names a mistake in an included file once, where it is", async () => {
  const { lines } = await check({
    "a.yar": `include "sub/bad.yar"\n${rule("A")}`,
    "sub/bad.yar": `${rule("B")}\nrule C { condition: oops }\n`,
  });
  expect(lines).toEqual([expect.stringMatching(/^ERROR sub\/bad\.yar:3 rule C: /)]);
});

it("names the rule that takes forever, and looks at the other files all the same", async () => {
  const forever = "for all i in (0..filesize) : ( for all j in (0..filesize) : ( uint8(i) + uint8(j) >= 0 ) )";
  const { lines } = await check({
    "loop.yar": `${rule("Fine")}${rule("Fine2")}\n${rule("Forever", forever)}${rule("Fine3")}`,
    "other.yar": "rule Other { condition: wrong }\n",
  });
  expect(lines).toEqual([
    expect.stringMatching(/^ERROR loop\.yar:4 rule Forever takes longer than 1\.5 s for a file of 256 KiB/),
    expect.stringMatching(/^ERROR other\.yar:1 rule Other: /),
  ]);
});

it("takes 10,000 rules", async () => {
  const many = Array.from(
    { length: 10_000 },
    (_, n) => `rule R${n} { meta: verdict = "suspicious" strings: $a = "needle-${n}" condition: $a }`,
  ).join("\n");
  const { rules, lines } = await check({ "many.yar": many });
  expect(lines).toEqual([]);
  expect(rules).toBe(10_000);
});

it("says what is no rules at all", async () => {
  expect((await check({ "a.yar": "<html>no rules</html>\n" })).lines).toEqual([expect.stringMatching(/^ERROR a\.yar:1 /)]);
  expect((await check({ "a.yar": "// nothing\n" })).lines).toEqual([expect.stringContaining("there is no rule in any file")]);
});

it("ends at once when nobody wants it any more", async () => {
  const stopping = createAbortController();
  stopping.abort(new Error("nobody wants it"));
  await expect(check({ "a.yar": rule("A") }, { signal: stopping.signal })).rejects.toThrow("nobody wants it");
});

it("tells of a rule that does not compile, however many warnings are before it", async () => {
  const odd = Array.from({ length: 700 }, (_, n) => `rule R${n} { meta: verdict = "malware" condition: filesize > 1 }`);
  const { lines, omitted } = await check({ "a.yar": [...odd, rule("Broken", "nonsense")].join("\n") });
  expect(lines[0]).toMatch(/^ERROR a\.yar:701 rule Broken: /);
  expect(lines.length + omitted).toBe(701);
});

it("does not count how long rules take to compile as how long they take to scan", async () => {
  const heavy = (n: number) =>
    `rule R${n} { strings: $a = /user${n}=[a-z0-9]{4,30};/ nocase $b = "needle ${n} of many" nocase wide ascii ` +
    `$c = { 4D 5A ?? ${(0x10 + (n % 200)).toString(16)} [2-6] ( 50 45 | 4E 45 ) } condition: any of them }`;
  const { lines, rules } = await check(
    { "heavy.yar": Array.from({ length: 150 }, (_, n) => heavy(n)).join("\n") },
    { probeMs: 1_000 },
  );
  expect(lines.filter((line) => line.startsWith("ERROR"))).toEqual([]);
  expect(rules).toBe(150);
});

it("refuses files that include a large one again and again", async () => {
  const files = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`f${n}.yar`, `include "big.inc"\n${rule("A")}`]));
  const { lines } = await check({ "big.inc": `/* ${"x".repeat(1024 ** 2)} */`, ...files }, { maxTexts: 4 * 1024 ** 2 });
  expect(lines).toEqual([expect.stringMatching(/^ERROR f3\.yar: with what they include, .* more than 4 MiB/)]);
});

it("loads a file once that others include, and two files of one name in a namespace each", async () => {
  const { lines, rules } = await check({
    "b.yar": `include "c.inc"\n${rule("B")}`,
    "c.inc": rule("C"),
    "z.yar": `include "b.yar"\n${rule("Z", "B and C")}`,
    "z.yara": rule("Z"),
  });
  expect(lines).toEqual([]);
  expect(rules).toBe(4);
});

it("a file that is no text is a mistake where it is needed", async () => {
  const problem = "is not UTF-8 (line 1), so it is not read; save it as UTF-8";
  const { lines } = await check({
    README: { problem },
    "a.yar": `include "b.inc"\n${rule("A")}`,
    "b.inc": { problem },
    "c.yar": { problem },
  });
  expect(lines).toEqual([
    expect.stringMatching(/^ERROR a\.yar:1 include "b\.inc": the file is not UTF-8/),
    expect.stringMatching(/^ERROR c\.yar: the file is not UTF-8/),
  ]);
});

it("ends after its time, and reads open comments only once", async () => {
  const late = await check({ "a.yar": rule("A") }, { wholeMs: -60_000 });
  expect(late.lines).toEqual([expect.stringMatching(/^ERROR a\.yar: it was not looked at, because the files before it took/)]);
  const { lines } = await check({ "open.yar": "/*".repeat(400_000) });
  expect(lines).toEqual([expect.stringMatching(/^ERROR open\.yar:1 /)]);
});

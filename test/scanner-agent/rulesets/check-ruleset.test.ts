/** What a host finds in rules that nobody serves yet: real YARA-X, in a process of its own. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAbortController } from "../../../schema/abort-controller.js";
import { checkRuleset } from "../../../scanner-agent/rulesets/check-ruleset.js";
import { openRuleSession } from "../../../scanner-agent/runners/builtin/rule-session.js";
import { NEVER_ABORTED } from "../../../scanner-agent/within.js";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "rulesets-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rule = (name: string, condition = "filesize > 1") => `rule ${name} { condition: ${condition} }\n`;

/** The check of these files; each mistake as one line. */
async function check(files: Readonly<Record<string, string>>, signal = NEVER_ABORTED) {
  const given = Object.entries(files).map(([path, text]) => ({ path, text }));
  const host = { folder, programPath: "", fence: undefined, startContained: undefined, log: pino({ level: "silent" }) };
  const session = openRuleSession(host, given, signal);
  try {
    const { rules, mistakes, texts } = await checkRuleset(session, signal, { onFile: () => undefined, probeMs: 1_500 });
    const lines = mistakes.map(({ path, line, message, severity }) => `${severity} ${path}:${line ?? ""} ${message}`);
    return { rules, lines, texts, session };
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
  const { lines, rules, texts } = await check({
    "slow.yar": `rule Slow { strings: $a = { 00 [1-10] 00 } condition: $a }\n`,
    "odd.yar": `rule Odd { meta: verdict = "bad" condition: filename == "x" }\n`,
  });
  expect(rules).toBe(2);
  expect(texts).toHaveLength(2);
  expect(lines.every((line) => line.startsWith("WARNING "))).toBe(true);
  expect(lines).toContainEqual(expect.stringContaining('odd.yar:1 rule Odd: verdict = "bad"'));
  expect(lines).toContainEqual(expect.stringContaining("odd.yar:1 rule Odd can never match"));
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
  const many = Array.from({ length: 10_000 }, (_, n) => `rule R${n} { strings: $a = "needle-${n}" condition: $a }`).join("\n");
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
  await expect(check({ "a.yar": rule("A") }, stopping.signal)).rejects.toThrow("nobody wants it");
});

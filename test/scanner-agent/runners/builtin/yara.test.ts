import { readdir, readFile, rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Runner } from "../../../../scanner-agent/contract.js";
import { parseYara } from "../../../../scanner-agent/parsers/yara.js";
import { createBuiltinRunner } from "../../../../scanner-agent/runners/builtin/builtin.js";
import { stateOfRules } from "../../../../scanner-agent/runners/builtin/rule-files.js";
import { pathOnly, runOptions, sampleBytes } from "../samples.js";
import { makeRuleFolder, rule, type RuleFolder } from "./rule-folder.js";

const file = fileURLToPath(new URL("../../../../dist/scanner-agent/runners/builtin/yara-worker.js", import.meta.url));

let folder: RuleFolder;
let samples: RuleFolder;
let runner: Runner;

beforeEach(async () => {
  folder = await makeRuleFolder({ "own.yar": rule("Own", "a word of our own") });
  samples = await makeRuleFolder();
  const folders = [folder.path];
  runner = createBuiltinRunner({
    file,
    data: { folders },
    sources: () => stateOfRules(folders),
    folder: samples.path,
    log: pino({ level: "silent" }),
  });
});
afterEach(async () => {
  await runner.stop();
  await folder.remove();
  await samples.remove();
});

async function scan(text: string, options = runOptions()) {
  await samples.write({ sample: text });
  return parseYara(await runner.run(pathOnly(join(samples.path, "sample")), options));
}

test("a sample of more bytes than it reads is not scanned, whether they are in a file or in memory", async () => {
  await runner.start();
  const sample = { ...pathOnly(null), bytes: Buffer.from("a word of our own"), size: 128 * 1024 ** 2 + 1 };
  expect(parseYara(await runner.run(sample, runOptions()))).toMatchObject({ state: "UNSCANNED" });
});

/** Of its process, in KiB. */
async function addressSpace(): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const read = (what: string) => readFile(`/proc/${pid}/${what}`, "utf8").catch(() => "");
    const [, size] = /^VmSize:\s+(\d+)/m.exec(await read("status")) ?? [];
    const [, home] = /\0HOME=([^\0]*)/.exec(`\0${await read("environ")}`) ?? [];
    const isNode = (await read("comm")).startsWith("node");
    if (isNode && size !== undefined && home?.startsWith(samples.path)) return Number(size);
  }
  throw new Error("the engine has no process");
}

const infected = (name: string, word: string) =>
  `rule ${name} { meta: verdict = "infected" strings: $a = "${word}" condition: $a }`;

describe("Yara", () => {
  test("finds what is infected beside a rule with a number beyond doubles, in a thread, alone and in memory", async () => {
    await folder.write({
      "mix.yar": `${infected("Evil", "evil")}\nrule Any { meta: id = 20240101123456789 strings: $a = "evil" condition: $a }`,
    });
    await runner.start();
    const scanBytes = async () => parseYara(await runner.run(sampleBytes(Buffer.from("evil")), runOptions()));
    const [inThread, alone] = [() => scan("evil"), () => scan("evil", runOptions({ alone: true }))];
    for (const scanAs of [inThread, alone, scanBytes]) {
      const outcome = await scanAs();
      expect(outcome).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Evil, Any" });
      expect(outcome.details).toMatchObject({ yara: { matches: [{}, { rule: "Any", meta: { id: "20240101123456789" } }] } });
    }
  });

  test("shows a rule without a verdict, and tells of one with an unknown word", async () => {
    await folder.write({ "a.yar": 'rule Malicious { meta: verdict = "malicious" strings: $a = "word of our" condition: $a }' });
    await runner.start();
    const outcome = await scan("a word of our own");
    expect(outcome).toMatchObject({ state: "DONE", verdict: null, signature: "Malicious, Own" });
    expect(outcome.details?.["warnings"]).toEqual([expect.stringContaining('rule Malicious: verdict = "malicious" is neither')]);
    expect(runner.warnings?.()).toEqual([expect.stringContaining("a.yar:1: rule Malicious")]);
  });

  test("prints nothing of what rules log into this process's output", async () => {
    const said = vi.spyOn(process.stdout, "write");
    await folder.write({ "a.yar": `import "console"\n${rule("Logs", "x", '$a and console.log("said by a rule")')}` });
    await runner.start();
    expect(await scan("x")).toMatchObject({ signature: "Logs" });
    expect(said.mock.calls.filter(([text]) => String(text).includes("said by a rule"))).toEqual([]);
    said.mockRestore();
  });

  test("keeps the address space that it has, however many samples it scans", async () => {
    await runner.start();
    await scan("x");
    const before = await addressSpace();
    for (let n = 0; n < 20; n++) await scan("x");
    // With guards around its memory every scan would keep 10 GiB.
    expect(await addressSpace()).toBeLessThan(before + 2 * 1024 ** 2);
  });

  test("has the same rules in every worker, whatever is written meanwhile", async () => {
    await runner.start();
    await folder.write({ "own.yar": "no rule any more" });
    const [one, two] = await Promise.all([scan("a word of our own"), scan("a word of our own")]);
    expect([one.signature, two.signature]).toEqual(["Own", "Own"]);
  });
});

describe("the fingerprint", () => {
  test("is that of the rules that are loaded: the same until others are, in a thread and alone", async () => {
    expect(await runner.fingerprint?.()).toBeNull();
    await runner.start();
    const before = await runner.fingerprint?.();
    expect(before).not.toBeNull();
    await scan("x", runOptions({ alone: true }));
    await runner.versions();
    expect(await runner.fingerprint?.()).toBe(before);
    await folder.write({ "own.yar": rule("Own", "a word of our OWN") });
    expect(await scan("a word of our own")).toMatchObject({ signature: "Own" });
    expect(await runner.fingerprint?.()).toBe(before);
    await runner.versions();
    expect(await scan("a word of our own")).toMatchObject({ signature: null });
    expect(await runner.fingerprint?.()).not.toBe(before);
  });

  test("is another for another text of an included file, whatever its date and its size", async () => {
    const date = new Date("2020-01-01");
    const write = async (text: string) => {
      await folder.write({ "a.yar": 'include "a.inc"\n', "a.inc": text });
      await utimes(join(folder.path, "a.inc"), date, date);
      await runner.versions();
    };
    await runner.start();
    await write(rule("Included", "one"));
    const before = await runner.fingerprint?.();
    await write(rule("Included", "two"));
    expect(await runner.fingerprint?.()).not.toBe(before);
  });
});

describe("a rule folder that changes", () => {
  test("is read anew, and its warnings go when they are put right", async () => {
    await runner.start();
    const { signatures } = await runner.versions();
    await symlink("/nowhere", join(folder.path, "new.yar"));
    await runner.versions();
    expect(runner.warnings?.()).toEqual([expect.stringContaining("new.yar cannot be read: ENOENT")]);
    expect(await scan("a word of our own")).toMatchObject({ signature: "Own" });
    await unlink(join(folder.path, "new.yar"));
    await folder.write({ "new.yar": infected("New", "brand new") });
    expect((await runner.versions()).signatures).not.toBe(signatures);
    expect(runner.warnings?.()).toEqual([]);
    expect(await scan("brand new")).toMatchObject({ verdict: "INFECTED" });
  });

  test("is read anew when only an included file changes", async () => {
    await folder.write({ "a.yar": 'include "a.inc"\n', "a.inc": rule("Before", "x") });
    await runner.start();
    await folder.write({ "a.inc": rule("AfterIt", "x") });
    await runner.versions();
    expect(await scan("x")).toMatchObject({ signature: "AfterIt" });
  });

  test.each([
    ["is away", async () => rename(folder.path, `${folder.path}-old`), /the rule folder .* cannot be read: ENOENT/],
    ["has no rule that compiles", async () => folder.write({ "own.yar": "no rule" }), /no rule file compiles/],
    ["is empty", async () => rm(join(folder.path, "own.yar")), /there is no rule file/],
  ])("causes no outage while it %s: the rules from before are in use, which is told", async (_, change, sentence) => {
    await runner.start();
    await change();
    await expect(runner.versions()).resolves.toMatchObject({ signatures: expect.any(String) as string });
    expect(runner.warnings?.()[0]).toMatch(sentence);
    expect(runner.warnings?.()[0]).toMatch(/; what was loaded before stays in use$/);
    expect(await scan("a word of our own")).toMatchObject({ signature: "Own" });
    await rm(`${folder.path}-old`, { recursive: true, force: true });
    await folder.write({ "own.yar": rule("Again", "a word of our own") });
    await runner.versions();
    expect(runner.warnings?.()).toEqual([]);
    expect(await scan("a word of our own")).toMatchObject({ signature: "Again" });
  });

  test("loses no rule to a file that comes and goes", async () => {
    await runner.start();
    let isOver = false;
    const path = join(folder.path, "flicker.yar");
    const flicker = (async () => {
      while (!isOver) {
        await writeFile(path, rule("Flicker", "x"));
        await rm(path);
      }
    })();
    for (let n = 0; n < 3; n++) {
      await runner.versions();
      expect(await scan("a word of our own")).toMatchObject({ signature: "Own" });
    }
    isOver = true;
    await flicker;
  });
});

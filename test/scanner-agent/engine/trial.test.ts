import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { done, notDone, type Outcome, type Sample } from "../../../scanner-agent/contract.js";
import { findCleanFiles } from "../../../scanner-agent/engine/clean-files.js";
import { createTrial, type Trial } from "../../../scanner-agent/engine/trial.js";
import { openSpool } from "../../../scanner-agent/samples/spool.js";
import { Manifest } from "../../../schema/manifest.js";
import { testLog } from "../../stage/log.js";

let folder: string;
let trial: Trial;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-trial-"));
  const paths = await Promise.all(
    Array.from({ length: 25 }, async (_, n) => {
      const path = join(folder, `program-${n}`);
      await writeFile(path, `program ${n}`);
      return path;
    }),
  );
  async function* cleanFiles() {
    yield join(folder, "gone");
    yield* paths;
  }
  const spool = await openSpool(join(folder, "spool"));
  trial = await createTrial({ spool, selfTest: () => Promise.resolve([]), cleanMs: 0, log: testLog("trial"), cleanFiles });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const manifestOf = (more: Record<string, unknown> = {}) =>
  Manifest.parse({
    name: "Tried",
    type: "AV",
    speed: "FAST",
    internet: false,
    output: "malice",
    run: { process: { command: ["true"] } },
    ...more,
  });
const CLEAN = done("CLEAN", null, null);
const FOUND = done("INFECTED", "Found", null);

/** Tries an engine that finds something in files with the word `bad`; the texts of what it was given, of this host's programs alone. */
async function tryOut(more: Record<string, unknown>, answer: (text: string) => Outcome, texts: readonly string[] = []) {
  const positives = await Promise.all(
    texts.map(async (text, n) => {
      const file = join(folder, `positive-${n}`);
      await writeFile(file, text);
      return { set: `set-${n}`, file };
    }),
  );
  const provision: Provision = { bundles: [], key: "", folder: null, positives, image: null };
  const given: string[] = [];
  const scan = async ({ path, sha256 }: Sample) => {
    expect(basename(path ?? "")).toBe(sha256);
    const text = await readFile(path ?? "", "utf8");
    given.push(text);
    return answer(text);
  };
  await trial(provision)(manifestOf(more), scan);
  return given;
}

describe("a candidate's test", () => {
  test("scans at least 20 programs of the host, and the file that each of its bundles names", async () => {
    const given = await tryOut({}, (text) => (text.startsWith("bad") ? FOUND : CLEAN), ["bad", "bad, too"]);
    expect(given.slice(0, 2)).toEqual(["bad", "bad, too"]);
    expect(given.slice(2)).toEqual(Array.from({ length: 20 }, (_, n) => `program ${n}`));
  });

  test("has files of its own: candidates of several engines are tested at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => tryOut({}, () => CLEAN)));
    expect(all.map(({ length }) => length)).toEqual([20, 20, 20, 20]);
  });

  test.each<[string, (text: string) => Outcome, RegExp]>([
    ["finds nothing in the bundle's file", () => CLEAN, /works and finds EICAR, but not the test file of its set set-0/],
    [
      "finds nothing in that of another set",
      (text) => (text === "bad" ? FOUND : CLEAN),
      /works and finds EICAR, but not the test file of its set set-1/,
    ],
    [
      "fails on it",
      () => notDone("FAILED", "ENGINE_ERROR", "it crashed"),
      /did not finish the test file of its set set-0: FAILED, it crashed/,
    ],
    ["finds something in a program", () => FOUND, /this host's own program .*program-0 DONE, INFECTED, Found/],
    [
      "does not scan one",
      (text) => (text.startsWith("bad") ? FOUND : notDone("UNSCANNED", "TOO_LARGE", "no")),
      /program-0 UNSCANNED, no/,
    ],
  ])("fails if it %s", async (_, answer, reason) => {
    await expect(tryOut({}, answer, ["bad", "bad, too"])).rejects.toThrow(reason);
  });

  test("sends no file of the host to the internet, and a look-up nothing", async () => {
    expect(await tryOut({ internet: true }, () => CLEAN)).toEqual([]);
    expect(await tryOut({ type: "INTEL", input: "hash" }, () => CLEAN, ["bad"])).toEqual([]);
  });

  test("has programs of the host's operating system, each once", async () => {
    const found: string[] = [];
    for await (const path of findCleanFiles()) found.push(path);
    expect(found.length).toBeGreaterThan(20);
    expect(new Set(found).size).toBe(found.length);
    const none: string[] = [];
    for await (const path of findCleanFiles(["/nowhere"])) none.push(path);
    expect(none).toEqual([]);
  });
});

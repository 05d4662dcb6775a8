import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadManifests, readManifest } from "../../../scanner-agent/manifest/engine-loader.js";
import { projectPath } from "../../../schema/paths.js";

const GOOD = `name: Strings
type: METADATA
speed: FAST
internet: false
timeout: 5s
output: yara
run:
  process: { command: [strings, "{file}"] }
  builtin: { module: yara }
`;

function mistakesOf(text: string): readonly string[] {
  const read = readManifest("/engines/x.yaml", text);
  return "mistakes" in read ? read.mistakes : [];
}

describe("a manifest", () => {
  test("is read with durations in milliseconds and its ways to run in their order", () => {
    expect(readManifest("/engines/x.yaml", GOOD)).toMatchObject({
      place: "/engines/x.yaml:1",
      manifest: { name: "Strings", timeout: 5_000, input: "file" },
      ways: ["process", "builtin"],
    });
  });

  test.each([
    ["a wrong value", GOOD.replace("FAST", "RAPID"), "/engines/x.yaml:3: speed: "],
    ["a wrong value further in", GOOD.replace("module: yara", "module: nothing"), "/engines/x.yaml:9: run.builtin.module: "],
    ["a field that is not known", GOOD.replace("timeout: 5s", "time: 5s"), "/engines/x.yaml:5: time: "],
    ["a field that is missing", GOOD.replace("speed: FAST\n", ""), "/engines/x.yaml:1: speed: "],
    ["two ways in one", GOOD.replace('"{file}"]', '"{file}"], service: clamd'), "/engines/x.yaml:8: run.process: "],
    [
      "an antivirus engine that takes some types only",
      GOOD.replace("type: METADATA", "type: AV\naccepts: [a/b]"),
      "/engines/x.yaml:3: accepts: ",
    ],
    ["no YAML", GOOD.replace("type: METADATA", "type: [METADATA"), "/engines/x.yaml:"],
    ["no map", "- 1\n", "/engines/x.yaml:1: "],
    ["nothing at all", "", "/engines/x.yaml:1: "],
  ])("with %s is refused by file, line and field", (_, text, begin) => {
    const mistakes = mistakesOf(text);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes.filter((mistake) => !mistake.startsWith(begin))).toEqual([]);
  });
});

describe("the mistakes of a manifest are told in words for its author:", () => {
  test.each([
    ["a field that was misspelt", GOOD.replace("output:", "outptu:"), "there is no field outptu; did you mean output?"],
    ["one further in", GOOD.replace("module: yara", "modul: yara"), "there is no field modul; did you mean module?"],
    ["a field that is not there", GOOD.replace("name: Strings\n", ""), "name: is missing"],
    [
      "a choice that is not there",
      GOOD.replace("output: yara\n", ""),
      "output: is missing; it is one of clamd, yara, fileinfo, malice",
    ],
    [
      "a choice that was misspelt",
      GOOD.replace("output: yara", "output: yarra"),
      "needs one of clamd, yara, fileinfo, malice; did you mean yara?",
    ],
    ["a text for a number", GOOD.replace("timeout: 5s", "slots: many"), "slots: needs a number"],
    ["a number that is too small", GOOD.replace("timeout: 5s", "slots: 0"), "slots: needs at least 1"],
    ["a word for a switch", GOOD.replace("internet: false", "internet: never"), "internet: needs true or false"],
    ["a list without entries", GOOD.replace('[strings, "{file}"]', "[]"), "run.process.command: needs at least 1 entry"],
    ["another form", GOOD.replace("timeout: 5s", "timeout: soon"), "timeout: needs a duration such as 500ms, 30s, 15m or 24h"],
    ["a name that is none", GOOD.replace("Strings", "Bad Name"), "name: needs 1 to 32 letters, digits or '-'"],
  ])("%s", (_, text, words) => {
    expect(mistakesOf(text)).toContainEqual(expect.stringContaining(words));
  });
});

describe("a folder of manifests", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-engines-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("loads the good ones and names the others", async () => {
    await writeFile(join(folder, "a.yaml"), GOOD);
    await writeFile(join(folder, "b.yaml"), GOOD.replace("Strings", "Bad Name"));
    await writeFile(join(folder, "c.yaml"), GOOD.replace("Strings", "STRINGS"));
    const { manifests, mistakes } = await loadManifests([folder]);
    expect(manifests.map(({ manifest }) => manifest.name)).toEqual(["Strings"]);
    expect(mistakes).toEqual([
      expect.stringContaining(`${join(folder, "b.yaml")}:1: name: `),
      `${join(folder, "c.yaml")}:1: name: STRINGS is an engine already, by ${join(folder, "a.yaml")}:1`,
    ]);
  });

  test("that cannot be read is a mistake and no more", async () => {
    await writeFile(join(folder, "a.yaml"), GOOD);
    const { manifests, mistakes } = await loadManifests([join(folder, "none"), folder]);
    expect(manifests).toHaveLength(1);
    expect(mistakes).toEqual([expect.stringContaining(join(folder, "none"))]);
  });
});

test("the engines that come with the agent load", async () => {
  const { manifests, mistakes } = await loadManifests([projectPath("scanner-agent", "engines")]);
  expect(mistakes).toEqual([]);
  expect(manifests.map(({ manifest }) => manifest.name)).toEqual(expect.arrayContaining(["ClamAV", "FileInfo", "Yara"]));
});

import { expect, test } from "vitest";
import type { ChosenEngine, Off } from "../../../scanner-agent/manifest/engine-choice.js";
import { readReport } from "../../../scanner-agent/doctor/doctor-report.js";
import { readManifest } from "../../../scanner-agent/manifest/engine-loader.js";
import type { EnginePresence } from "../../../schema/presence.js";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function presence(name: string, more: Partial<EnginePresence> = {}): EnginePresence {
  return {
    name,
    type: "AV",
    speed: "FAST",
    internet: false,
    input: "file",
    accepts: null,
    versions: { engine: "1.4.6", signatures: "27500", signatureDate: "2026-11-20T08:00:00Z" },
    image: null,
    slots: 2,
    busy: 0,
    runner: "container (exec)",
    healthy: true,
    reason: null,
    testedAt: null,
    warnings: [],
    ...more,
  };
}

function off(name: string, why: Off, needs = "[]"): ChosenEngine {
  const read = readManifest(
    "x.yaml",
    `name: ${name}\nneeds: ${needs}\ntype: AV\nspeed: FAST\ninternet: false\noutput: malice\nrun: { process: { command: [x] } }`,
  );
  if ("mistakes" in read) throw new Error(read.mistakes.join());
  return { ...read, off: why };
}

const report = (presences: EnginePresence[], more: Partial<Parameters<typeof readReport>[0]> = {}) =>
  readReport({ presences, off: [], mistakes: [], enginesFile: undefined, ...more }, NOW);

test("how much of samples is kept in memory is shown with the settings that decide it", () => {
  const samples = { memory: { largest: 1024 ** 2, total: 64 * 1024 ** 2 }, folder: "/spool" };
  expect(report([], { samples })).toContain(
    "in memory up to 1 MiB each (SCANMESH_SAMPLE_IN_MEMORY) and 64 MiB together (SCANMESH_SAMPLES_MEMORY) for engines",
  );
});

test("an engine is shown with its runner, image, versions and the age of its signatures", () => {
  const image = { id: `sha256:${"a".repeat(64)}`, digest: `sha256:${"b".repeat(64)}` };
  const versions = { engine: null, signatures: null, signatureDate: null };
  const rows = report([
    presence("ClamAV", { image }),
    presence("PEScan", { image: { ...image, digest: null }, versions }),
    presence("Yara", { runner: "builtin", versions: { ...versions, signatureDate: "2026-11-22T08:00:00Z" } }),
  ]).split("\n");
  expect(rows.map((row) => row.split(/\s{2,}/))).toEqual([
    ["Engine", "Health", "Runner", "Image", "Version", "Signatures"],
    ["ClamAV", "healthy", "container (exec)", "digest sha256:bbbbbbbbbbbb", "1.4.6", "27500, 2 days old"],
    ["PEScan", "healthy", "container (exec)", "id sha256:aaaaaaaaaaaa", "-", "-"],
    ["Yara", "healthy", "builtin", "-", "-", "of today"],
  ]);
});

test("what does not work says why, what is off how it is turned on, and each thing is said once", () => {
  const mistake = "/etc/engines.yaml:8: engines.Sophos.slots: no number";
  const text = report([presence("ClamAV", { healthy: false, reason: "clamd is not installed" })], {
    off: [
      off("Avast", { cause: "DEFAULT", reason: "off by default" }, '["a licence"]'),
      off("Sophos", { cause: "MISTAKE", reason: mistake }),
      off("DrWeb", { cause: "OTHER_CLASS", reason: "of class internet" }),
    ],
    mistakes: [mistake],
    warnings: ["Yara: a.yar:1: no rule"],
    enginesFile: "/etc/engines.yaml",
  });
  expect(text).toContain("\nNot healthy:\n  ClamAV: clamd is not installed\n");
  expect(text).toContain("`<name>: on` under `engines:` in /etc/engines.yaml turns one on:\n  Avast: needs a licence\n");
  expect(text).toContain("\nNot run by this agent:\n  DrWeb: of class internet");
  expect(text).toContain("\nWarnings:\n  Yara: a.yar:1: no rule\n");
  expect(text.split(mistake)).toHaveLength(2);
});

test("shows what an engine says without letting it write to the terminal", () => {
  const hostile = "\u001b]0;title\u0007\u001b[2Jcleared\rover";
  const text = report([
    presence("Odd", { healthy: false, reason: hostile, versions: { engine: hostile, signatures: null, signatureDate: null } }),
  ]);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(text).toContain("<U+001B>[2Jcleared<U+000D>over");
});

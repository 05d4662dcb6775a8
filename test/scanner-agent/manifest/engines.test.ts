import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadManifests } from "../../../scanner-agent/manifest/engine-loader.js";
import { projectPath } from "../../../schema/paths.js";

/** MultiAV2's engines: name, type, speed, and whether it can reach the internet. */
const MULTIAV2 = `
FileInfo METADATA ULTRA no
Avg AV ULTRA no
ClamAV AV ULTRA no
PEScan FILE_FORMATS FAST no
WindowsDefender AV FAST no
Avast AV FAST no
Comodo AV FAST no
EScan AV FAST no
FProt AV FAST no
McAfee AV FAST no
Kaspersky AV FAST no
Avira AV FAST no
Ikarus AV FAST no
ShadowServer INTEL FAST yes
VirusTotal INTEL FAST yes
NSRL INTEL FAST yes
BitDefender AV MEDIUM no
FSecure AV MEDIUM no
Yara METADATA MEDIUM no
Floss FILE_FORMATS SLOW no
Sophos AV SLOW no
DrWeb AV SLOW yes`
  .trim()
  .split("\n");

const { manifests, mistakes } = await loadManifests([projectPath("scanner-agent", "engines")]);
const all = manifests.map(({ manifest }) => manifest);
const malice = manifests.filter(({ manifest }) => manifest.output === "malice");

describe("the engines that come with the agent", () => {
  test("are MultiAV2's, by name, type, speed and internet class", () => {
    expect(mistakes).toEqual([]);
    const rows = all.map(({ name, type, speed, internet }) => `${name} ${type} ${speed} ${internet ? "yes" : "no"}`);
    expect(rows.toSorted()).toEqual(MULTIAV2.toSorted());
  });

  test("are on where they need no image, licence or key that has to be got", () => {
    expect(all.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual(["ClamAV", "FileInfo", "Yara"]);
    expect(all.filter(({ enabled, needs }) => !enabled && needs.length === 0)).toEqual([]);
  });

  test.each(malice)("$manifest.name is called as its image takes it", ({ manifest }) => {
    const { mode, command = [], image } = manifest.run.container ?? {};
    expect({ mode, ways: Object.keys(manifest.run) }).toEqual({ mode: "exec", ways: ["container"] });
    expect(image).toMatch(/^(malice|localhost\/scanmesh)\/[a-z-]+$/);
    if (manifest.type === "INTEL") expect(command.slice(1)).toEqual(["lookup", "{sha1}"]);
    else expect(command.at(-1)).toBe("{file}");
    if (manifest.type !== "AV") return;
    // The plugin gives up by itself before it is ended.
    expect(command.slice(0, 2)).toEqual(["/bin/avscan", "--timeout"]);
    expect(Number(command[2]) * 1000).toBeLessThan(manifest.timeout);
  });

  test("look hashes up without being given the bytes", () => {
    expect(all.filter(({ input }) => input === "hash").map(({ type }) => type)).toEqual(["INTEL", "INTEL", "INTEL"]);
  });

  test("have each loosening of the profile with its reason, and the files that they name", () => {
    const relaxed = manifests.flatMap(({ manifest, place }) =>
      (manifest.run.container?.relax ?? []).map((relax) => ({ name: manifest.name, place, relax })),
    );
    const of = (key: string) => relaxed.filter(({ relax }) => key in relax).map(({ name }) => name);
    expect(of("seccomp")).toEqual(["WindowsDefender"]);
    expect(of("shm")).toEqual(["Ikarus"]);
    for (const { relax, place } of relaxed) {
      expect(relax.why.length).toBeGreaterThan(10);
      if ("seccomp" in relax) expect(existsSync(join(dirname(place), relax.seccomp))).toBe(true);
    }
    // What runs everywhere loosens nothing.
    expect(relaxed.filter(({ name }) => ["ClamAV", "PEScan"].includes(name))).toEqual([]);
  });

  test("name their secrets, and say so", () => {
    const secrets = all.flatMap(({ name, needs, run }) =>
      Object.keys(run.container?.secrets ?? {}).map((secret) => ({
        name,
        secret,
        said: needs.some((need) => need.includes(secret)),
      })),
    );
    expect(secrets).toEqual([
      { name: "Avast", secret: "avast-license", said: true },
      { name: "Avira", secret: "avira-key", said: true },
      { name: "VirusTotal", secret: "virustotal-key", said: true },
    ]);
  });
});

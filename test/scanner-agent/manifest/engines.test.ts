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
const ofMultiAv2 = new Set(MULTIAV2.map((row) => row.split(" ")[0]));
const known = all.filter(({ name }) => ofMultiAv2.has(name));
const maliceCommands = malice.filter(({ manifest }) => manifest.run.container?.mode === "exec");
const maliceServices = malice.filter(({ manifest }) => manifest.run.container?.mode === "service");

describe("the engines that come with the agent", () => {
  test("have no mistakes", () => {
    expect(mistakes).toEqual([]);
  });

  test("are MultiAV2's and newer ones; MultiAV2's have its type, speed and internet class", () => {
    const rows = known.map(({ name, type, speed, internet }) => `${name} ${type} ${speed} ${internet ? "yes" : "no"}`);
    expect(rows.toSorted()).toEqual(MULTIAV2.toSorted());
  });

  test("are on where they need no image, licence or key that has to be got", () => {
    expect(known.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual(["ClamAV", "FileInfo", "Yara"]);
    expect(all.filter(({ enabled, needs }) => !enabled && needs.length === 0)).toEqual([]);
  });

  test("MultiAV2's plugins are called by a command", () => {
    const services = maliceServices.map(({ manifest }) => manifest.name);
    expect(services.filter((name) => ofMultiAv2.has(name))).toEqual([]);
  });

  test.each(malice)("$manifest.name runs in a container alone", ({ manifest }) => {
    expect(Object.keys(manifest.run)).toEqual(["container"]);
    if (ofMultiAv2.has(manifest.name)) expect(manifest.run.container?.image).toMatch(/^(malice|localhost\/scanmesh)\/[a-z-]+$/);
  });

  test("those of malice's images that are spoken to have a port", () => {
    expect(maliceServices.filter(({ manifest }) => manifest.run.container?.port === undefined)).toEqual([]);
  });

  test.each(maliceCommands)("$manifest.name is called as its image takes it", ({ manifest }) => {
    const { command = [] } = manifest.run.container ?? {};
    if (manifest.type === "INTEL") expect(command.slice(1)).toEqual(["lookup", "{sha1}"]);
    else expect(command.at(-1)).toBe("{file}");
    if (manifest.type !== "AV") return;
    // The plugin gives up by itself before it is ended.
    expect(command.slice(0, 2)).toEqual(["/bin/avscan", "--timeout"]);
    expect(Number(command[2]) * 1000).toBeLessThan(manifest.timeout);
  });

  test("look hashes up without being given the bytes", () => {
    expect(known.filter(({ input }) => input === "hash").map(({ type }) => type)).toEqual(["INTEL", "INTEL", "INTEL"]);
    expect(all.filter(({ type, input }) => input === "hash" && type !== "INTEL")).toEqual([]);
  });

  test("have each loosening of the profile with its reason, and the files that they name", () => {
    const relaxed = manifests.flatMap(({ manifest, place }) =>
      (manifest.run.container?.relax ?? []).map((relax) => ({ name: manifest.name, place, relax })),
    );
    const of = (key: string) => relaxed.filter(({ relax }) => key in relax).map(({ name }) => name);
    expect(of("seccomp").filter((name) => ofMultiAv2.has(name))).toEqual(["WindowsDefender"]);
    expect(of("shm").filter((name) => ofMultiAv2.has(name))).toEqual(["Ikarus"]);
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
    expect(secrets.filter(({ said }) => !said)).toEqual([]);
    expect(secrets.filter(({ name }) => ofMultiAv2.has(name))).toEqual([
      { name: "Avast", secret: "avast-license", said: true },
      { name: "Avira", secret: "avira-key", said: true },
      { name: "VirusTotal", secret: "virustotal-key", said: true },
    ]);
  });
});

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Manifest } from "../../schema/manifest.js";
import { engineToken } from "../../schema/subjects.js";
import { reasonOf } from "../contract.js";
import { parseYaml, type Mistakes } from "./manifest-yaml.js";

/** A way to run an engine. */
export type Way = keyof Manifest["run"];

/** A manifest and where it stands. */
export interface LoadedManifest {
  /** File and line of its name. */
  readonly place: string;
  readonly manifest: Manifest;
  /** The ways to run it, in the order of the file. */
  readonly ways: readonly Way[];
}

/** The manifests of folders; each mistake is one line that names file, line and field. */
export interface Loaded {
  readonly manifests: readonly LoadedManifest[];
  readonly mistakes: readonly string[];
}

/** Reads every manifest of the folders. One that is malformed, or has the name of an earlier one, is a mistake; the others load. */
export async function loadManifests(folders: readonly string[]): Promise<Loaded> {
  const manifests = new Map<string, LoadedManifest>();
  const mistakes: string[] = [];
  for (const folder of folders) {
    for (const file of await manifestFiles(folder, mistakes)) {
      const read = await readManifestFile(file);
      if ("mistakes" in read) {
        mistakes.push(...read.mistakes);
        continue;
      }
      const name = engineToken(read.manifest.name);
      const other = manifests.get(name);
      if (other === undefined) manifests.set(name, read);
      else mistakes.push(`${read.place}: name: ${read.manifest.name} is an engine already, by ${other.place}`);
    }
  }
  return { manifests: [...manifests.values()], mistakes };
}

/** A file that cannot be read, or exceeds YAML's limits, is a mistake like any other. */
async function readManifestFile(file: string): Promise<ReturnType<typeof readManifest>> {
  try {
    return readManifest(file, await readFile(file, "utf8"));
  } catch (error) {
    return { mistakes: [`${file}: ${reasonOf(error)}`] };
  }
}

/** Reads one manifest's text. */
export function readManifest(file: string, text: string): LoadedManifest | Mistakes {
  const yaml = parseYaml(file, text);
  if ("mistakes" in yaml) return yaml;
  const read = yaml.read([], Manifest, "manifest");
  if ("mistakes" in read) return read;
  return { place: yaml.place(["name"]), manifest: read.value, ways: yaml.keys(["run"]).filter(isWay) };
}

function isWay(key: string): key is Way {
  return key === "builtin" || key === "process" || key === "container";
}

async function manifestFiles(folder: string, mistakes: string[]): Promise<string[]> {
  try {
    return (await readdir(folder))
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (error) {
    mistakes.push(`${folder}: the folder of engine manifests cannot be read: ${reasonOf(error)}`);
    return [];
  }
}

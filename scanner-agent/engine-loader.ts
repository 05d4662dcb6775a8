import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { Manifest } from "../schema/manifest.js";
import { engineToken } from "../schema/subjects.js";
import { reasonOf } from "./contract.js";

/** A way to run an engine. */
export type Way = keyof Manifest["run"];

/** A manifest that was read. */
export interface LoadedManifest {
  /** File and line of its name. */
  readonly place: string;
  readonly manifest: Manifest;
  /** The ways to run it, in the order of the file. */
  readonly ways: readonly Way[];
}

/** What the folders hold; each mistake is one line that names file, line and field. */
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
      const read = await readFileOf(file);
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

/** A file that cannot be read at all, or not within YAML's limits, is a mistake like any other. */
async function readFileOf(file: string): Promise<ReturnType<typeof readManifest>> {
  try {
    return readManifest(file, await readFile(file, "utf8"));
  } catch (error) {
    return { mistakes: [`${file}: ${reasonOf(error)}`] };
  }
}

/** Reads one manifest's text. */
export function readManifest(file: string, text: string): LoadedManifest | { readonly mistakes: readonly string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return {
      mistakes: document.errors.map((error) => `${at(error.pos[0])}: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}`),
    };
  }
  const parsed = Manifest.safeParse(document.toJS());
  if (parsed.success) return { place: at(offsetOf(document, ["name"])), manifest: parsed.data, ways: waysOf(document) };
  return {
    mistakes: parsed.error.issues.map((issue) => {
      const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
      return `${at(offsetOf(document, path))}: ${path.join(".") || "manifest"}: ${issue.message}`;
    }),
  };
}

/** Where the value of a field stands, or the nearest thing around it that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isScalar(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function waysOf(document: Document): Way[] {
  const run = document.get("run");
  return isMap(run) ? run.items.map((item) => (isScalar(item.key) ? item.key.value : undefined)).filter(isWay) : [];
}

function isWay(key: unknown): key is Way {
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

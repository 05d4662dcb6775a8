/** What each agent of this host serves, served before and is to serve: its file decides what others of this host must leave. */

import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { InternetClass } from "../../schema/classes.js";
import { ServedBundles } from "../../schema/bundle.js";
import { hasCode } from "../contract.js";
import { namesIn } from "./bundle-files.js";

/** An agent that was not there for so long needs nothing any more. */
const FORGOTTEN_MS = 30 * 86_400_000;

const ServedRecord = z.object({ serving: ServedBundles, previous: ServedBundles, target: ServedBundles.nullable() });
/** Of one engine: empty lists stand for what its host has. */
export type ServedRecord = z.infer<typeof ServedRecord>;

const ServedFile = z.object({ v: z.literal(1), engines: z.record(z.string(), ServedRecord) });

/** By the engines' tokens. */
export type ServedByEngine = Readonly<Record<string, ServedRecord>>;

/** Whose record it is. */
export interface RecordOwner {
  readonly agent: string;
  readonly internet: InternetClass;
  /** No other agent that runs has the same: two meshes may each have an agent of this id here. */
  readonly spool: string;
}

/** The name of its record. An agent that was given another class begins anew: engines of that class are others. */
export function recordOf(owner: RecordOwner): string {
  return `${prefixOf(owner)}${createHash("sha256").update(owner.spool).digest("hex").slice(0, 16)}.json`;
}

/** The name of its record, or of the newest of an agent of this id and class that has another spool. */
export async function findRecord(folder: string, owner: RecordOwner): Promise<string> {
  const own = recordOf(owner);
  const names = (await namesIn(folder)).filter((name) => name.startsWith(prefixOf(owner)) && name.endsWith(".json"));
  if (names.length === 0 || names.includes(own)) return own;
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  return dated.toSorted((one, other) => other.at - one.at)[0]?.name ?? own;
}

function prefixOf({ agent, internet }: RecordOwner): string {
  return `${agent}.${internet}.`;
}

/** What an agent has written down last; nothing, if that is not there or cannot be read. */
export async function readServed(folder: string, record: string): Promise<ServedByEngine> {
  return (await readFileOf(join(folder, record))) ?? {};
}

/** Writes it down, all or nothing. */
export async function writeServed(folder: string, record: string, engines: ServedByEngine): Promise<void> {
  const file = join(folder, record);
  await writeFile(`${file}.new`, JSON.stringify({ v: 1, engines }));
  await rename(`${file}.new`, file);
}

/** Says that the agent is there, which keeps what it needs. */
export async function touchServed(folder: string, record: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(join(folder, record), now, now);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** The lists of bundles that agents of this host need; those of agents that have been away for a month are forgotten. */
export async function listNeeded(folder: string): Promise<ServedBundles[]> {
  const needed: ServedBundles[] = [];
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    if (!name.endsWith(".json")) continue;
    if (Date.now() - (await stat(file)).mtimeMs > FORGOTTEN_MS) {
      await rm(file, { force: true });
      continue;
    }
    for (const { serving, previous, target } of Object.values((await readFileOf(file)) ?? {}))
      needed.push(serving, previous, target ?? []);
  }
  return needed;
}

async function readFileOf(file: string): Promise<ServedByEngine | undefined> {
  try {
    return ServedFile.safeParse(JSON.parse(await readFile(file, "utf8"))).data?.engines;
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

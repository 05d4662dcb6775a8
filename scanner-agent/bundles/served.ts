/** What each agent of this host serves, served before and is to serve: its file decides what others of this host must leave. */

import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ServedBundles } from "../../schema/bundle.js";
import { hasCode } from "../contract.js";

/** An agent that was not there for so long needs nothing any more. */
const FORGOTTEN_MS = 30 * 86_400_000;

const ServedRecord = z.object({ serving: ServedBundles, previous: ServedBundles, target: ServedBundles.nullable() });
/** Of one engine: empty lists stand for what its host has. */
export type ServedRecord = z.infer<typeof ServedRecord>;

const ServedFile = z.object({ v: z.literal(1), engines: z.record(z.string(), ServedRecord) });

/** By the engines' tokens. */
export type ServedByEngine = Readonly<Record<string, ServedRecord>>;

/** What an agent has written down last; nothing, if that is not there or cannot be read. */
export async function readServed(folder: string, agent: string): Promise<ServedByEngine> {
  return (await readFileOf(join(folder, `${agent}.json`))) ?? {};
}

/** Writes it down, all or nothing. */
export async function writeServed(folder: string, agent: string, engines: ServedByEngine): Promise<void> {
  const file = join(folder, `${agent}.json`);
  await writeFile(`${file}.new`, JSON.stringify({ v: 1, engines }));
  await rename(`${file}.new`, file);
}

/** Says that the agent is there, which keeps what it needs. */
export async function touchServed(folder: string, agent: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(join(folder, `${agent}.json`), now, now);
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

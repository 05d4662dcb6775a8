import { chmod, mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandLine } from "../../../../scanner-agent/processes/process-table.js";
import { findProgram } from "../../../../scanner-agent/processes/programs.js";

/** Whether this machine has clamd; where it has not, the tests of ClamAV are shown as skipped. */
export const hasClamd = (await findProgram("clamd", "")) !== undefined;

const BODY = ["EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE"].join("");

/** A signature folder of the test's own. */
export interface Database {
  readonly folder: string;
  /** Adds a signature that finds EICAR. */
  addEicar(): Promise<void>;
  /** Adds one that finds only a word of its own. */
  addOther(): Promise<void>;
  remove(): Promise<void>;
}

export async function makeDatabase(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-clamav-"));
  // clamd becomes another user when root starts it.
  await chmod(folder, 0o755);
  const add = (name: string, body: string) =>
    writeFile(join(folder, `${name}.ndb`), `${name}:0:*:${Buffer.from(body).toString("hex")}\n`);
  return {
    folder,
    addEicar: () => add("Eicar-Test", BODY),
    addOther: () => add("Other-Test", "a word of the test's own"),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The clamd that reads this database. */
export async function clamdWith({ folder }: Database): Promise<number> {
  const [found] = await findClamd((target) => dirname(target) === folder);
  if (found === undefined) throw new Error("no clamd reads the test's database");
  return found;
}

/** How many of them read something below this folder. */
export async function countClamd(folder: string): Promise<number> {
  return (await findClamd((target) => target.startsWith(`${folder}/`))).length;
}

/** The processes of clamd that read such files. */
async function findClamd(reads: (file: string) => boolean): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const words = /^\d+$/.test(name) ? await commandLine(Number(name)) : [];
    const config = words[0]?.endsWith("clamd")
      ? words.find((word) => word.startsWith("--config-file="))?.slice("--config-file=".length)
      : undefined;
    if (config !== undefined && (await readLinks(join(dirname(config), "signatures"))).some(reads)) found.push(Number(name));
  }
  return found;
}

/** Where the links of a folder lead. */
async function readLinks(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readlink(join(folder, name))));
}

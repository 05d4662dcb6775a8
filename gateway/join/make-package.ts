/**
 * Makes the package with which a bare host runs an agent: this installation's programs, modules, manifests and rules, with its Node. It is
 * a separate program, run with a folder as its argument, because packing would block a gateway. It prints where the file is. A package that
 * was made from the same files before is reused.
 */

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { projectPath } from "../../schema/paths.js";
import type { MadePackage } from "./agent-files.js";

/** A file of the package, and its path on this machine. */
interface Entry {
  readonly name: string;
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  /** Its modification time, which shows the age of rules. */
  readonly seconds: number;
}

/** Files that are not needed at run time. */
const LEFT_OUT = /\.(map|ts|mts|cts|md)$|\/\.tsbuildinfo$/;
/** Fast: two thirds of the package is Node, which better compression makes only a little smaller at three times the cost. */
const LEVEL = 1;

const [folder = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await makePackage(folder)));

async function makePackage(into: string): Promise<MadePackage> {
  const entries = await findEntries();
  const key = keyOf(entries);
  await mkdir(into, { recursive: true });
  const names = await readdir(into);
  const made = names.find((name) => name.startsWith(`${key}-`) && name.endsWith(".tar.gz"));
  if (made !== undefined) return describe(into, made);
  const draft = join(into, `.new-${process.pid}`);
  const sha256 = await write(entries, draft);
  const name = `${key}-${sha256}.tar.gz`;
  await rename(draft, join(into, name));
  const older = names.filter((one) => /^[0-9a-f]{16}-[0-9a-f]{64}\.tar\.gz$/.test(one));
  await Promise.all(older.map((one) => rm(join(into, one), { force: true })));
  return describe(into, name);
}

async function describe(into: string, name: string): Promise<MadePackage> {
  const path = join(into, name);
  const sha256 = name.replace(/^.*-|\..*$/g, "");
  return { path, sha256, bytes: (await stat(path)).size };
}

/** A key that changes with the files. */
function keyOf(entries: readonly Entry[]): string {
  const hash = createHash("sha256");
  for (const { name, size, seconds } of entries) hash.update(`${name} ${size} ${seconds}\n`);
  return hash.digest("hex").slice(0, 16);
}

async function findEntries(): Promise<Entry[]> {
  const found = await Promise.all([
    entry("bin/node", process.execPath, 0o755),
    entry("package.json", projectPath("package.json")),
    ...["dist/scanner-agent", "scanner-agent"].map((name) => walk(name)),
    ...(await modules()).map((name) => walk(name, "node_modules")),
  ]);
  return found.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The folders of packages needed at run time, according to npm. */
async function modules(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(projectPath("node_modules", ".package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, { dev?: true; optional?: true; devOptional?: true }>>;
  };
  return Object.entries(packages).flatMap(([path, { dev, optional, devOptional }]) =>
    dev || optional || devOptional ? [] : [path],
  );
}

async function walk(folder: string, without?: string): Promise<Entry[]> {
  const inside = await readdir(projectPath(folder), { withFileTypes: true });
  const found = inside.map(async (one) => {
    const name = `${folder}/${one.name}`;
    if (one.isDirectory()) return one.name === without ? [] : walk(name, without);
    return one.isFile() && !LEFT_OUT.test(name) ? [await entry(name, projectPath(name))] : [];
  });
  return (await Promise.all(found)).flat();
}

async function entry(name: string, path: string, mode = 0o644): Promise<Entry> {
  const { size, mtimeMs } = await stat(path);
  return { name, path, mode, size, seconds: Math.floor(mtimeMs / 1_000) };
}

/** Writes the archive and returns its sha256. The same image gives the same archive in every gateway. */
async function write(entries: readonly Entry[], path: string): Promise<string> {
  const hash = createHash("sha256");
  const hashed = new PassThrough().on("data", (bytes: Buffer) => hash.update(bytes));
  const archive = pack();
  try {
    await Promise.all([pipeline(archive, createGzip({ level: LEVEL }), hashed, createWriteStream(path)), fill(archive, entries)]);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return hash.digest("hex");
}

async function fill(archive: Pack, entries: readonly Entry[]): Promise<void> {
  for (const { name, path, mode, seconds } of entries) {
    const content = await readFile(path);
    await new Promise<void>((resolve, reject) => {
      archive.entry({ name, mode, mtime: new Date(seconds * 1_000) }, content, (error) => (error ? reject(error) : resolve()));
    });
  }
  archive.finalize();
}

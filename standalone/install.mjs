/** The dependencies in node_modules and the build in dist, brought up to date when they are not. */

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasPages, PAGES } from "./pages.mjs";
import { runQuietly } from "./run.mjs";

const SOURCES = ["schema", "gateway", "scanner-agent", "standalone", "cli", "tsconfig.json", "package-lock.json"];
const POLL_MS = 200;

/**
 * Installs what package-lock.json says, unless it is installed.
 * @param {string} root
 * @param {import("./progress.mjs").Progress} progress
 */
export async function ensureDependencies(root, progress) {
  if (isInstalled(root)) return;
  await progress.step("Dependencies", () =>
    withLock(root, async () => {
      if (isInstalled(root)) return;
      await installLocked(root);
    }),
  );
}

/**
 * Installs what the package-lock.json of a folder says.
 * @param {string} folder
 */
export async function installLocked(folder) {
  const npm = process.env["npm_execpath"];
  const [command, ...args] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  await runQuietly(command, [...args, "ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"], { cwd: folder });
}

/**
 * Builds the programs, unless dist is newer than all sources, and makes the gateway's pages if they are wanted.
 * @param {string} root
 * @param {import("./progress.mjs").Progress} progress
 * @param {{ pages?: boolean }} [options]
 */
export async function ensureBuild(root, progress, { pages = false } = {}) {
  const missing = () => [...(isBuilt(root) ? [] : [buildPrograms]), ...(!pages || hasPages(root) ? [] : [buildPages])];
  if (missing().length === 0) return;
  await progress.step("Build", () => withLock(root, () => Promise.all(missing().map((build) => build(root)))));
}

/**
 * Compiles a program of the tests, in a folder of its own; what has not changed is not compiled again.
 * @param {string} root
 * @param {string} folder
 * @param {string} label
 * @param {import("./progress.mjs").Progress} progress
 */
export async function buildTestProgram(root, folder, label, progress) {
  const project = join(root, "test", folder, "tsconfig.json");
  await progress.step(label, () => withLock(root, () => runQuietly(process.execPath, [compiler(root), "-p", project])));
}

/** @param {string} root */
const compiler = (root) => join(root, "node_modules", "typescript", "bin", "tsc");

/** @param {string} root */
async function buildPrograms(root) {
  // Made later, its folder would count as changed.
  for (const { built } of PAGES) mkdirSync(join(root, built), { recursive: true });
  const begun = new Date();
  await runQuietly(process.execPath, [join(root, "standalone", "build-programs.mjs")]);
  writeFileSync(stamp(root), "");
  // What changed while it was built is newer than this.
  utimesSync(stamp(root), begun, begun);
}

/** @param {string} root */
async function buildPages(root) {
  await runQuietly(process.execPath, [join(root, "standalone", "build-pages.mjs")]);
}

/**
 * Whether node_modules holds every package of package-lock.json: npm notes there what it has installed, once all of it is.
 * @param {string} root
 */
function isInstalled(root) {
  const wanted = packages(join(root, "package-lock.json"));
  const present = packages(join(root, "node_modules", ".package-lock.json"));
  const paths = Object.keys(wanted).filter((path) => path !== "");
  const hasAll = paths.every(
    (path) => wanted[path]?.version === present[path]?.version || (!present[path] && isOptional(wanted[path])),
  );
  return hasAll && Object.keys(present).every((path) => path in wanted);
}

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockedPackage */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function packages(file) {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return {};
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

/**
 * Packages for other systems are in the lock file and not installed here.
 * @param {LockedPackage | undefined} entry
 */
function isOptional(entry) {
  return entry?.optional === true || entry?.devOptional === true;
}

/** @param {string} root */
function isBuilt(root) {
  // The stamp was set to a whole millisecond, which the file system may have as a little less.
  const built = Math.round(statSync(stamp(root), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return built > 0 && SOURCES.every((source) => Math.floor(newest(join(root, source))) <= built);
}

/** @param {string} root */
function stamp(root) {
  return join(root, "dist", ".built");
}

/**
 * When anything in it changed last, but what is built; a file that is gone shows in its folder.
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== "public" && name !== "node_modules");
  return Math.max(stats.mtimeMs, ...names.map((name) => newest(join(path, name))));
}

/**
 * Does `work` while no other command does any in this clone.
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(root, work) {
  mkdirSync(join(root, ".scanmesh"), { recursive: true, mode: 0o711 });
  const lock = join(root, ".scanmesh", "install.lock");
  while (!takeLock(lock)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    release();
    process.removeListener("exit", release);
  }
}

/**
 * @param {string} lock
 * @returns {boolean} whether it is ours now
 */
function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  const holder = Number(readIfThere(lock));
  if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
  return false;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    if (hasCode(error, "EPERM")) return true;
    throw error;
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}

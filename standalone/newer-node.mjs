/**
 * The Node that runs the gateway and the agent of `npm run up`: the pinned one of standalone/node where this host's is older, since
 * the same work takes less processor time with it.
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installLocked, withLock } from "./install.mjs";
import { Refusal, runQuietly } from "./run.mjs";

const PACKAGE = `node-${process.platform}-${process.arch}`;

/** What SCANMESH_NODE says to keep to the Node that runs the command. */
const OWN = "own";

/**
 * What the gateway and the agent are to be run with.
 * @param {string} root
 */
export function partsNode(root) {
  return isWanted(root) && isInstalled(root) ? program(root) : process.execPath;
}

/**
 * Installs the pinned Node if it is wanted and not there. That it cannot be had is told, and is no failure.
 * @param {string} root
 * @param {import("./progress.mjs").Progress} progress
 */
export async function ensurePartsNode(root, progress) {
  if (!isWanted(root) || isInstalled(root)) return;
  const name = `Node ${pinned(root)}`;
  try {
    await progress.step(name, () => withLock(root, () => install(root)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    progress.line(`${name} cannot be had: the gateway and the agent run with Node ${process.versions.node}. ${error.message}`);
  }
}

/** @param {string} root */
async function install(root) {
  if (!isInstalled(root)) await installLocked(folder(root));
  try {
    await runQuietly(program(root), ["--version"]);
  } catch (error) {
    // It cannot start on a system with another C library.
    rmSync(join(folder(root), "node_modules"), { recursive: true });
    throw error;
  }
}

/** @param {string} root */
function isWanted(root) {
  const version = pinned(root);
  return version !== undefined && process.env["SCANMESH_NODE"] !== OWN && major(process.versions.node) < major(version);
}

/**
 * @param {string} root
 * @returns {string | undefined} undefined where npm has none for this system
 */
function pinned(root) {
  return JSON.parse(readFileSync(join(folder(root), "package.json"), "utf8")).optionalDependencies[PACKAGE];
}

/** @param {string} version */
function major(version) {
  return Number(version.split(".", 1)[0]);
}

/**
 * Whether npm has noted that it is installed, which it does once all of it is.
 * @param {string} root
 */
function isInstalled(root) {
  const note = join(folder(root), "node_modules", ".package-lock.json");
  return existsSync(note) && JSON.parse(readFileSync(note, "utf8")).packages[`node_modules/${PACKAGE}`]?.version === pinned(root);
}

/** @param {string} root */
function folder(root) {
  return join(root, "standalone", "node");
}

/** @param {string} root */
function program(root) {
  return join(folder(root), "node_modules", PACKAGE, "bin", "node");
}

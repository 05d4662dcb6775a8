/** The pages that the gateway serves: what each is made of, and whether it is made. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const STAMP = ".made-of";

/**
 * @typedef {object} Page
 * @property {string} source its folder
 * @property {string} built where it is made
 * @property {readonly string[]} uses files of other rooms that it is made of, too
 * @property {RegExp} [later] what is not in the one script that it begins with; without it, the bundler decides
 * @property {number} [mostFirst] bytes that are loaded before it shows something, at most
 */

/** @type {readonly Page[]} */
export const PAGES = [
  {
    source: "gateway/dashboard",
    built: "gateway/public/dashboard",
    uses: ["schema/add-clamav.ts", "schema/signature-names.ts", "schema/visible-text.ts"],
    later: /\/dashboard\/(?:screens\/(?!home\/)|generated\/(?!viewer|home|submit))|\/uplot\//,
    mostFirst: 140_000,
  },
  { source: "gateway/graphiql", built: "gateway/public/graphiql", uses: [] },
];

/**
 * Whether all pages are there and were made of these sources and these packages.
 * @param {string} root
 */
export function hasPages(root) {
  return PAGES.every((page) => isMade(root, page));
}

/**
 * @param {string} root
 * @param {Page} page
 */
export function isMade(root, page) {
  const stamp = join(root, page.built, STAMP);
  return statSync(stamp, { throwIfNoEntry: false }) !== undefined && readFileSync(stamp, "utf8") === digest(root, page);
}

/**
 * Of everything that decides what is made.
 * @param {string} root
 * @param {Page} page
 */
export function digest(root, { source, uses }) {
  const hash = createHash("sha256");
  const inside = readdirSync(join(root, source), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replace(/^\//, ""));
  for (const file of ["package.json", "package-lock.json", "standalone/build-pages.mjs", ...uses, ...inside].toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * Bytes of the scripts and styles that a built page begins with, as a browser gets them.
 * @param {string} folder
 */
export function firstLoadOf(folder) {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const first = readdirSync(join(folder, "assets")).filter((name) => /\.(js|css)$/.test(name) && html.includes(name));
  return first.reduce((sum, name) => {
    const path = join(folder, "assets", name);
    return sum + (statSync(`${path}.br`, { throwIfNoEntry: false }) ?? statSync(path)).size;
  }, 0);
}

/**
 * Throws if a built page begins with more than it may.
 * @param {string} folder
 * @param {Pick<Page, "source" | "mostFirst">} page
 */
export function checkFirstLoad(folder, { source, mostFirst = Infinity }) {
  const bytes = firstLoadOf(folder);
  if (bytes > mostFirst)
    throw new Error(`${source} begins with ${bytes} bytes, and ${mostFirst} is the most: load less at first.`);
}

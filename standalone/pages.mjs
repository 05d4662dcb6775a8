/** GraphiQL as the gateway serves it: what it is made of, and whether it is made. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const SOURCE = "gateway/graphiql";
export const BUILT = "gateway/public/graphiql";
export const STAMP = ".made-of";

/**
 * Whether the pages there are were made of these sources and these packages.
 * @param {string} root
 */
export function hasPages(root) {
  const stamp = join(root, BUILT, STAMP);
  return statSync(stamp, { throwIfNoEntry: false }) !== undefined && readFileSync(stamp, "utf8") === digest(root);
}

/**
 * Of everything that decides what is made.
 * @param {string} root
 */
export function digest(root) {
  const hash = createHash("sha256");
  const files = [
    "package-lock.json",
    "standalone/build-pages.mjs",
    ...readdirSync(join(root, SOURCE)).map((name) => `${SOURCE}/${name}`),
  ];
  for (const file of files.toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** In what order files of rules are compiled, and in which namespaces: the same when they are checked and when they are served. */

import type { FoundFile } from "./rule-files.js";

/** Those first that no other file includes: what they include need not be compiled by itself. */
export function includersFirst<T>(files: readonly T[], isIncluded: (file: T) => boolean): T[] {
  return files.toSorted((a, b) => Number(isIncluded(a)) - Number(isIncluded(b)));
}

/** Names namespaces by their files, with a number if another file has that name. */
export function createNamer(): (file: FoundFile) => string {
  const taken = new Set<string>();
  return ({ name }) => {
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
    taken.add(free);
    return free;
  };
}

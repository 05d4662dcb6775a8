/** The address of every screen, read from the list that the page has. */

import { textOf } from "../../house/source.js";
import type { History } from "./history.js";

/** Paths as in app/screens.tsx, each with its parameters filled in from a history. */
export function screenPaths({ infected, sha256 }: History): readonly string[] {
  const found = [...textOf("gateway/dashboard/app/screens.tsx").matchAll(/\bpath: "([^"]+)"/g)];
  return found.map(([, path = ""]) =>
    path.replace(/:(\w+)/g, (_, name) => (/hash|sha/i.test(name) || path.startsWith("/sample") ? sha256 : String(infected))),
  );
}

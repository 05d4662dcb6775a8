/** The address of every screen, read from the list that the page has. */

import { textOf } from "../../house/source.js";
import type { History } from "./history.js";

/** Paths as in app/screens.tsx, each with its parameters filled in from a history. */
export function screenPaths({ infected, sha256, webhook }: History): readonly string[] {
  const found = [...textOf("gateway/dashboard/app/screens.tsx").matchAll(/\bpath: "([^"]+)"/g)];
  const values: Readonly<Record<string, string>> = { scan: String(infected), sample: sha256, webhooks: webhook };
  return found.map(([, path = ""]) => {
    const value = values[path.split("/")[1] ?? ""];
    if (path.includes(":") && value === undefined) throw new Error(`${path} has a parameter that no history fills in`);
    return path.replace(/:\w+/, encodeURIComponent(value ?? ""));
  });
}

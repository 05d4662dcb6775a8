/** What stands behind the `?` of a screen's address, and the addresses that differ from it. */

import { useLocation } from "wouter";
import { useSearch } from "./location.ts";

export function useParameters() {
  const [path] = useLocation();
  const parameters = new URLSearchParams(useSearch());
  /** The address of this screen with other parameters; those that are undefined or empty are left out. */
  const addressWith = (changes: Readonly<Record<string, string | undefined>>): string => {
    const next = new URLSearchParams(parameters);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === "") next.delete(name);
      else next.set(name, value);
    }
    return next.size === 0 ? path : `${path}?${next}`;
  };
  return { parameters, addressWith };
}

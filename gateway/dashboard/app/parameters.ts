/** What stands behind the `?` of a screen's address, and the addresses that differ from it. */

import { useLocation } from "wouter";
import { go, useSearch } from "./location.ts";

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

/** Whether a part of the screen is shown, as the address says it, and what shows or hides it. That is no step of the history. */
export function useShown(part: string): readonly [boolean, (isShown: boolean) => void] {
  const { parameters, addressWith } = useParameters();
  const show = (isShown: boolean) => go(addressWith({ [part]: isShown ? "1" : undefined }), { replace: true });
  return [parameters.get(part) === "1", show];
}

/** The address of a screen is all behind the `#`: `#/scans?verdict=INFECTED`. */

import { useSyncExternalStore } from "react";
import type { BaseLocationHook } from "wouter";

const current = () => location.hash.replace(/^#?\/?/, "/");
const pathOf = () => current().split("?", 1)[0] ?? "/";
const searchOf = () => current().split("?").slice(1).join("?");

function follow(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}

/** Goes to a screen. `replace` leaves no step in the history, as for a filter that is being typed. */
export function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const target = `#${to.startsWith("/") ? to : `/${to}`}`;
  if (target === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Whether the page shows its first screen. */
export function isAtHome(): boolean {
  return pathOf() === "/";
}

/** The path behind the `#`. */
export const useHashPath: BaseLocationHook = () => [useSyncExternalStore(follow, pathOf), go];

/** What stands behind the `?`, as it is written: URLSearchParams decodes it, and what is decoded twice has lost its percent signs. */
export const useSearch = (): string => useSyncExternalStore(follow, searchOf);

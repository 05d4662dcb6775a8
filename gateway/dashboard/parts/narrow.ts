import { useSyncExternalStore } from "react";

/** As in the style sheets. */
const NARROW = matchMedia("(max-width: 600px)");

/** Whether the page is as narrow as a phone: a table leaves out columns then, and shows what was in them elsewhere. */
export function useNarrow(): boolean {
  return useSyncExternalStore(watch, () => NARROW.matches);
}

function watch(onChange: () => void): () => void {
  NARROW.addEventListener("change", onChange);
  return () => NARROW.removeEventListener("change", onChange);
}

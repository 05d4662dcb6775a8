import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects all garbage now, which stops everything else for a moment. Loading the modules leaves much of it, and V8 keeps it until it needs
 * the room: an idle process would never give it back.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}

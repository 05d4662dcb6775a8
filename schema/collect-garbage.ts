import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects all garbage now, which holds up everything else for a moment. Loading the modules leaves much of it, and V8 keeps that until
 * it needs the room: a process that has little to do would hold it for good.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}

import { setTimeout as pause } from "node:timers/promises";
import { NoRoom, Unavailable } from "../contract.js";

const AWAY_MS = 1_000;

/** Does something again while the mesh is away. Throws the signal's reason, or whatever else goes wrong. */
export async function untilThere<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Unavailable) || error instanceof NoRoom) throw error;
    }
    await pause(AWAY_MS, undefined, { signal });
  }
}

import type { Logger } from "pino";

/** Ends one thing after the other. What cannot be ended is logged, and keeps none of the others. */
export async function endInTurn(log: Logger, ends: readonly (() => unknown)[]): Promise<void> {
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, "A part of the agent cannot be ended");
    }
  }
}

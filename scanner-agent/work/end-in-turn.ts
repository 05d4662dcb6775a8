import type { Logger } from "pino";

/** Ends one thing after the other. A failure is logged and does not hold up the rest. */
export async function endInTurn(log: Logger, ends: readonly (() => unknown)[]): Promise<void> {
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, "A part of the agent cannot be ended");
    }
  }
}

/** What a result message says of how the engine ran, besides its duration. */

import { z } from "zod";

/** Fields of a result message. Older agents send none of them; one that cannot be read counts as left out. */
export const runFields = {
  /** How long it took to have the sample's bytes, in milliseconds. */
  fetchingMs: z.number().nonnegative().optional().catch(undefined),
  /** How much of `durationMs` went by until there was something that the sample could be given to. */
  startingMs: z.number().nonnegative().optional().catch(undefined),
  /** The program's exit status, 128 + n if signal n ended it. Left out if it is no program, or did not come to its end. */
  exitCode: z.number().int().min(0).max(32_767).optional().catch(undefined),
  /** How the engine was run: the `setupId` of what the agent's presence says. */
  setup: z.uuid().optional().catch(undefined),
};

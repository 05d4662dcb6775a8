/** How many samples at once each of the bench's engines takes. */

import { availableParallelism } from "node:os";

const AT_ONCE = 64;

/** `spin` has for every core one sample in work and one on its way to it. */
export const SLOTS = { null: AT_ONCE, known: AT_ONCE, spin: 2 * availableParallelism(), sleep: 8 } as const;

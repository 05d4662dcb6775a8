/** How many samples at once each of the bench's engines takes. */

import { availableParallelism } from "node:os";

export const NULL_SLOTS = 64;
/** For every core one sample in work and one on its way to it. */
export const SPIN_SLOTS = 2 * availableParallelism();

/** Cases that strike together, chosen at random without end. */

import type { Random } from "../bench/random.js";
import type { FaultCase } from "./case.js";

const MOST_AT_ONCE = 3;
/** Not every case finds others that it goes with. */
const TRIES = 20;

/** No two of them are done to the same part: what one breaks the other could not. */
export function* subsets(cases: readonly FaultCase[], random: Random): Generator<readonly FaultCase[]> {
  for (;;) {
    const count = 1 + Math.floor(random.unit() * MOST_AT_ONCE);
    const chosen: FaultCase[] = [];
    for (let n = 0; n < TRIES && chosen.length < count; n += 1) {
      const one = cases[Math.floor(random.unit() * cases.length)];
      if (one !== undefined && chosen.every((other) => goTogether(one, other))) chosen.push(one);
    }
    yield chosen;
  }
}

function goTogether(one: FaultCase, other: FaultCase): boolean {
  return one.target !== other.target && !one.needs?.includes(other.target) && !other.needs?.includes(one.target);
}

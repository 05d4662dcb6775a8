/** What is uploaded: every file is another one, so that a scan belongs to one upload by its sha256 alone. */

import { createHash, randomUUID } from "node:crypto";
import { EICAR } from "../../scanner-agent/eicar.js";
import type { Random } from "../../bench/random.js";

export interface Sample {
  /** The idempotency key of its upload. */
  readonly key: string;
  readonly bytes: Buffer<ArrayBuffer>;
  readonly sha256: string;
  readonly infected: boolean;
  readonly internet: boolean;
}

const INFECTED_SHARE = 0.4;
const INTERNET_SHARE = 0.25;
/** A few files take more than one chunk. */
const LARGE_SHARE = 0.05;
const SMALL_BYTES = 32 * 1024;
const LARGE_BYTES = 1_500 * 1024;

export function makeSample(random: Random): Sample {
  const size = Math.ceil(random.unit() * (random.unit() < LARGE_SHARE ? LARGE_BYTES : SMALL_BYTES));
  const [infected, internet] = [random.unit() < INFECTED_SHARE, random.unit() < INTERNET_SHARE];
  return sampleOf({ size, infected, internet });
}

/** A file of text, so that nothing in it is closed to engines. */
export function sampleOf({ size = 100, infected = false, internet = false }): Sample {
  const key = randomUUID();
  const filling = Buffer.alloc(size, `${key} is a file that only tests upload. `);
  const bytes = infected
    ? Buffer.concat([Buffer.from(`${key}\n`), filling, EICAR])
    : Buffer.concat([Buffer.from(`${key}\n`), filling]);
  return { key, bytes, sha256: createHash("sha256").update(bytes).digest("hex"), infected, internet };
}

import { CHUNK_BYTES } from "../../schema/streams.js";
import type { Bus } from "../bus/bus.js";
import { readChunk } from "../bus/verbs.js";
import { SampleDamaged, type SampleReader } from "./sample-reader.js";

const READS_IN_FLIGHT = 4;
/** A blob that never exists: NATS can be read if it answers that there is no such chunk. */
const NO_BLOB = "00000000-0000-0000-0000-000000000000";

/** Reads samples from the chunks in the stream SAMPLES. */
export function createNatsSampleReader(bus: Bus): SampleReader {
  return {
    async *read({ blob, size }) {
      const chunks = Math.max(1, Math.ceil(size / CHUNK_BYTES));
      const reads: Promise<PromiseSettledResult<Uint8Array | undefined>[]>[] = [];
      for (let n = 0; n < chunks; n++) {
        for (let next = n + reads.length; next < chunks && reads.length < READS_IN_FLIGHT; next++) {
          // Settled, because a read that fails after an earlier one has failed is not awaited any more.
          reads.push(Promise.allSettled([readChunk(bus, blob, next)]));
        }
        const [read] = (await reads.shift()) ?? [];
        if (read?.status === "rejected") throw read.reason;
        const chunk = read?.value;
        if (chunk === undefined) throw new SampleDamaged(`chunk ${n} of the sample is missing`);
        const expected = Math.min(CHUNK_BYTES, size - n * CHUNK_BYTES);
        if (chunk.length !== expected)
          throw new SampleDamaged(`chunk ${n} of the sample has ${chunk.length} bytes instead of ${expected}`);
        yield chunk;
      }
    },
    async probe() {
      await readChunk(bus, NO_BLOB, 0);
    },
  };
}

import { recycle } from "../../schema/nats/payloads.js";
import { TAG_BYTES, unsealChunk } from "../../schema/sealed-chunks.js";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../schema/streams.js";
import type { Bus } from "../bus/bus.js";
import { readChunk } from "../bus/verbs.js";
import { SampleDamaged, SampleMissing, type SampleReader } from "./sample-reader.js";

/** Together 2 MB of a sample. */
const READS_IN_FLIGHT = 2;
/** A blob that never exists: NATS can be read if it answers that there is no such chunk. */
const NO_BLOB = "00000000-0000-0000-0000-000000000000";

/** Reads samples from the chunks in the stream SAMPLES. */
export function createNatsSampleReader(bus: Bus): SampleReader {
  return {
    async *read({ blob, size, key }) {
      let chunkBytes = CHUNK_BYTES;
      let chunks = countChunks(size, chunkBytes);
      const reads: Promise<PromiseSettledResult<Uint8Array | undefined>[]>[] = [];
      for (let n = 0; n < chunks; n++) {
        for (let next = n + reads.length; next < chunks && reads.length < READS_IN_FLIGHT; next++) {
          // Settled, because nobody awaits a read that fails after an earlier one has failed.
          reads.push(Promise.allSettled([readChunk(bus, blob, next)]));
        }
        const [read] = (await reads.shift()) ?? [];
        if (read?.status === "rejected") throw read.reason;
        const stored = read?.value;
        if (stored === undefined) throw new SampleMissing(`chunk ${n} of the sample is missing`);
        const bytes = stored.length - (key === undefined ? 0 : TAG_BYTES);
        // The first chunk tells the chunk size of the sample. Chunks were never larger than now, so there are at least as many as assumed.
        if (n === 0 && size > OLD_CHUNK_BYTES && bytes === OLD_CHUNK_BYTES) {
          chunkBytes = OLD_CHUNK_BYTES;
          chunks = countChunks(size, chunkBytes);
        }
        const expected = Math.min(chunkBytes, size - n * chunkBytes);
        if (bytes !== expected) throw new SampleDamaged(`chunk ${n} of the sample has ${bytes} bytes instead of ${expected}`);
        const chunk = key === undefined ? stored : unsealChunk(key, n, stored);
        if (chunk === undefined)
          throw new SampleDamaged(`chunk ${n} of the sample was altered, or is one of another sample: its seal does not fit`);
        yield chunk;
      }
    },
    recycle,
    async probe() {
      await readChunk(bus, NO_BLOB, 0);
    },
  };
}

function countChunks(size: number, chunkBytes: number): number {
  return Math.max(1, Math.ceil(size / chunkBytes));
}

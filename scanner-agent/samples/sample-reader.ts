/**
 * The agent's side of the sample store's port (gateway/bus/sample-store.ts). For another store, such as one on S3, there is another
 * implementation of {@link SampleReader} beside nats-sample-reader.ts, and one changed line in agent.ts.
 */

import { Failed } from "../contract.js";

/** A sample as a request names it. */
export interface SampleRef {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly blob: string;
  /** Opens its chunks; undefined if they are not sealed. */
  readonly key?: string | undefined;
}

/** Bytes of the sample are missing or wrong. It is read once more before this is final. */
export class SampleDamaged extends Failed {}

/** Bytes of the sample are missing: it was deleted, or lost. */
export class SampleMissing extends SampleDamaged {}

/** Reads samples' bytes from the store. */
export interface SampleReader {
  /** All bytes in order, in pieces. Throws {@link SampleDamaged}, or Unavailable while the store is away. */
  read(sample: SampleRef): AsyncGenerator<Uint8Array>;
  /** Takes back the buffer of a piece for reuse: from a caller that holds it alone and does not read it any more. */
  recycle(piece: Uint8Array): void;
  /** Throws Unavailable if nothing can be read now. */
  probe(): Promise<void>;
}

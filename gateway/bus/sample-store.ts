/**
 * The interface of the sample store. Everything else depends only on this file: to add another store, such as one on S3, implement {@link
 * SampleStore} beside nats-sample-store.ts and change one line in gateway.ts.
 */

import type { InternetClass } from "../../schema/classes.js";
import type { Content } from "./content.js";

declare const opaque: unique symbol;

/**
 * Where an account holds the bytes of a sample. Opaque: only the store creates and interprets it. Postgres keeps it as numbers
 * (`samples.isolated_chunks`, `samples.internet_chunks`, `removals.seqs`); concatenating the numbers of two copies of one blob in one
 * account gives the location of both.
 */
export interface SampleLocation {
  readonly [opaque]: "SampleLocation";
}

/** Where the bytes of a sample are in one account. Requests to agents carry the blob's id, by which agents read it. */
export interface StoredBlob {
  readonly blob: string;
  readonly location: SampleLocation;
}

/** The bytes of a sample in one account, and the key to unseal them. */
export interface SampleCopy extends StoredBlob {
  /**
   * The key that seals all copies of the blob; null if they are not sealed. It is passed on only in requests for the bytes: never in a log,
   * an error or an answer.
   */
  readonly key: string | null;
}

/** What the bytes are, and where they are stored. */
export interface PutResult extends Content {
  /** Null if the store had the sample already and nothing was written. */
  readonly copy: SampleCopy | null;
}

export interface PutOptions {
  /** The maximum size in bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Asked before a small sample is written, to skip one that is stored already. */
  readonly isStored: (sha256: string) => Promise<boolean>;
}

/**
 * A position in a walk over the store. Opaque, like {@link SampleLocation}; Postgres keeps it in `sweep_marks`. `created` identifies the
 * storage: if it was recreated, or may have removed messages again, the position is invalid and the walk starts over.
 */
export interface WalkPosition {
  readonly seq: number;
  readonly created: string;
}

/** A part of the store's content: all or some of the bytes of a blob. */
export interface StoredPart {
  /** Undefined if it was not written by this product. */
  readonly blob: string | undefined;
  readonly location: SampleLocation;
  readonly position: WalkPosition;
}

/** Some or all bytes of a copy are gone. */
export class BytesMissing extends Error {
  override readonly name = "BytesMissing";
}

/** Samples' bytes, in the account of each class. Only the gateway writes and removes. Every call throws UNAVAILABLE while it is away. */
export interface SampleStore {
  /** Stores bytes in the isolated account; they are safe once this returns. If it throws, it removes what it has written. */
  put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutResult>;
  /** A quick check whether the bytes are there; it does not read all of them. */
  has(internet: InternetClass, copy: StoredBlob): Promise<boolean>;
  /** Yields the bytes piece by piece, each read on demand. Throws {@link BytesMissing}, or an error if sealed bytes were altered. */
  read(internet: InternetClass, copy: SampleCopy): AsyncGenerator<Uint8Array>;
  /** Copies isolated bytes as stored to the internet account and returns their location there. Throws {@link BytesMissing}. */
  copyToInternet(copy: StoredBlob): Promise<SampleLocation>;
  /** Removes bytes that were just found or written. Bytes that are gone already are ignored. */
  remove(internet: InternetClass, locations: readonly SampleLocation[]): Promise<void>;
  /**
   * Removes the bytes of a copy of any age. It can be repeated after an interruption, and does nothing if the location now holds something
   * else.
   */
  removeCopy(internet: InternetClass, copy: StoredBlob): Promise<void>;
  /** What is stored after a position and older than `until`, in the order written; without the bytes. */
  walk(internet: InternetClass, after: WalkPosition | undefined, until: Date): AsyncIterable<StoredPart>;
  /** Whether both accounts can be reached. */
  connected(): boolean;
  close(): Promise<void>;
}

/**
 * The port of the sample store. Everything else depends on this file alone: another store, such as one on S3, is another
 * implementation of {@link SampleStore} beside nats-sample-store.ts, and one changed line in gateway.ts.
 */

import type { InternetClass } from "../../schema/classes.js";
import type { Content } from "./content.js";

declare const opaque: unique symbol;

/**
 * Where an account holds the bytes of a sample. Opaque: made and read by the store alone, carried by everybody else. Postgres keeps
 * it as numbers (`samples.isolated_chunks`, `samples.internet_chunks`, `removals.seqs`); the numbers of two copies of one blob in
 * one account, appended, are the location of both.
 */
export interface SampleLocation {
  readonly [opaque]: "SampleLocation";
}

/** Where the bytes of a sample are in one account. The blob's id is in the requests to agents, who read by it. */
export interface StoredBlob {
  readonly blob: string;
  readonly location: SampleLocation;
}

/** The bytes of a sample in one account, and what opens them. */
export interface SampleCopy extends StoredBlob {
  /**
   * The key that all copies of the blob are sealed with; null if they are not sealed. Only requests for the bytes carry it further: never
   * a log, an error or an answer.
   */
  readonly key: string | null;
}

/** What the bytes are, and where they are stored. */
export interface PutResult extends Content {
  /** Null when the store had the sample already, and nothing was written. */
  readonly copy: SampleCopy | null;
}

export interface PutOptions {
  /** The most bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Asked before a small sample is written; nothing is written if it is stored already. */
  readonly isStored: (sha256: string) => Promise<boolean>;
}

/**
 * A position in a walk over the store. Opaque, like {@link SampleLocation}; Postgres keeps it in `sweep_marks`. `created` identifies
 * the storage itself: after that was created anew, or may have what was removed from it again, the position means nothing and a walk
 * starts from the beginning.
 */
export interface WalkPosition {
  readonly seq: number;
  readonly created: string;
}

/** A part of the store's content: of a blob all of its bytes, or some. */
export interface StoredPart {
  /** Undefined for a part that no put of this product has written. */
  readonly blob: string | undefined;
  readonly location: SampleLocation;
  readonly position: WalkPosition;
}

/** The bytes of a copy, or some of them, are gone. */
export class BytesMissing extends Error {
  override readonly name = "BytesMissing";
}

/** Samples' bytes, in the account of each class. Only the gateway writes and removes. Every call throws UNAVAILABLE while it is away. */
export interface SampleStore {
  /** Streams bytes into the isolated account; they are safe when it returns. If it throws, it removes what it has written. */
  put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutResult>;
  /** Whether the bytes are there, by a cheap look: not every byte is read. */
  has(internet: InternetClass, copy: StoredBlob): Promise<boolean>;
  /** The bytes in pieces, each read when it is asked for. Throws {@link BytesMissing}, or an error if what is sealed was altered. */
  read(internet: InternetClass, copy: SampleCopy): AsyncGenerator<Uint8Array>;
  /** Copies isolated bytes, as they are stored, to the internet account; their location there. Throws {@link BytesMissing}. */
  copyToInternet(copy: StoredBlob): Promise<SampleLocation>;
  /** Removes bytes that were found or written just now. What is gone already is fine. */
  remove(internet: InternetClass, locations: readonly SampleLocation[]): Promise<void>;
  /**
   * Removes the bytes of a copy whenever it was made: it may be repeated after it was interrupted, and touches nothing if the location
   * holds something else by now.
   */
  removeCopy(internet: InternetClass, copy: StoredBlob): Promise<void>;
  /** What is stored after a position, in the order in which it was written, as far as it is older than `until`; without the bytes. */
  walk(internet: InternetClass, after: WalkPosition | undefined, until: Date): AsyncIterable<StoredPart>;
  /** Whether both accounts can be reached. */
  connected(): boolean;
  close(): Promise<void>;
}

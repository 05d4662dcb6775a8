import type { SampleRecord } from "../../schema/reports.js";
import type { PutResult } from "../bus/sample-store.js";
import type { Caller } from "../caller.js";
import type { StoredSample } from "../db/samples.js";
import type { CreatedIds } from "./idempotency.js";
import type { ScanOptions } from "./scan-input.js";

/** A sample whose bytes the store has: one with a row already, or one that needs its row. */
export type StoredOrNew = KnownSample | NewSample;

export interface KnownSample {
  readonly kind: "stored";
  readonly sample: StoredSample;
}

export interface NewSample {
  readonly kind: "new";
  readonly sample: PutResult;
  /** The blob of an existing row whose bytes are lost: these take its place. */
  readonly replaces: string | null;
}

/** A request for one scan or for a batch of them. All of it is accepted, or nothing. */
export interface AcceptRequest {
  readonly caller: Caller;
  readonly kind: "scan" | "batch";
  readonly options: ScanOptions;
  readonly samples: readonly RequestedScan[];
  /** The scan that this one repeats, and the hash of that request's input: `options` hold the options of the scan as well. */
  readonly repeats?: { readonly previous?: number; readonly inputHash: string };
  /** The batch that the scans are added to, instead of a new one. */
  readonly grows?: number | undefined;
  /** The verb, for the audit of a batch. */
  readonly action?: string;
}

/** One of the scans of a request. */
export interface RequestedScan {
  readonly sample: StoredOrNew;
  readonly name: string;
  /** If this scan has options of its own. */
  readonly options?: ScanOptions;
  /** The scan that it repeats. */
  readonly previous?: number;
}

/** The scan or batch that an accepted request has created, or that an earlier request with its idempotency key has. */
export interface Acceptance extends CreatedIds {
  readonly replayed: boolean;
  /** The samples with their rows, in the order of the request; none if it is replayed. */
  readonly samples: readonly SampleRecord[];
}

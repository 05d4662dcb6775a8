import type { SampleRecord } from "../../schema/reports.js";
import type { PutResult } from "../bus/sample-store.js";
import type { Caller } from "../caller.js";
import type { StoredSample } from "../db/samples.js";
import type { CreatedIds } from "./idempotency.js";
import type { ScanOptions } from "./scan-input.js";

/** A sample whose bytes are stored, with a row or still without one. */
export type StoredOrNew = KnownSample | NewSample;

export interface KnownSample {
  readonly kind: "stored";
  readonly sample: StoredSample;
}

export interface NewSample {
  readonly kind: "new";
  readonly sample: PutResult;
  /** The blob of an existing row whose bytes are lost and which these replace. */
  readonly replaces: string | null;
}

/** A request for a scan or a batch, accepted as a whole or not at all. */
export interface AcceptRequest {
  readonly caller: Caller;
  readonly kind: "scan" | "batch";
  readonly options: ScanOptions;
  readonly samples: readonly RequestedScan[];
  /** The scan to repeat, and the hash of the repeating request's input, since `options` also hold the options of that scan. */
  readonly repeats?: { readonly previous?: number; readonly inputHash: string };
  /** The existing batch to add the scans to, instead of a new one. */
  readonly grows?: number | undefined;
  /** The verb under which a batch is audited. */
  readonly action?: string;
}

/** One of the scans of a request. */
export interface RequestedScan {
  readonly sample: StoredOrNew;
  readonly name: string;
  /** Options of this scan, if they differ from the request's. */
  readonly options?: ScanOptions;
  /** The scan to repeat. */
  readonly previous?: number;
}

/** The scan or batch created by an accepted request, or by an earlier one with the same idempotency key. */
export interface Acceptance extends CreatedIds {
  readonly replayed: boolean;
  /** The samples with their rows, in the order of the request; empty for a replay. */
  readonly samples: readonly SampleRecord[];
}

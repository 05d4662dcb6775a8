/** What the workload writes down, a line of JSON each, and how the checker reads it. */

import { readFileSync } from "node:fs";

/** An upload is about to be sent; `key` is its idempotency key, and stays the same when it is sent again. */
export interface Sent {
  readonly kind: "sent";
  readonly at: number;
  readonly key: string;
  readonly gateway: string;
  readonly sha256: string;
  readonly size: number;
  readonly infected: boolean;
  readonly internet: boolean;
}

/** The answer to an upload; `status` is null where there was none. */
export interface Answered {
  readonly kind: "answered";
  readonly at: number;
  readonly key: string;
  readonly gateway: string;
  readonly sentAt: number;
  readonly status: number | null;
  readonly scan: number | null;
  readonly retryAfter: boolean;
}

/** A report was read. */
export interface Read {
  readonly kind: "read";
  readonly at: number;
  readonly gateway: string;
  readonly status: number | null;
  readonly retryAfter: boolean;
}

/** What `/readyz` said; `says` is empty where there was no answer. */
export interface Ready {
  readonly kind: "ready";
  readonly at: number;
  readonly gateway: string;
  readonly says: string;
}

/** A subscriber was sent a scan's state. */
export interface Told {
  readonly kind: "told";
  readonly at: number;
  readonly connection: string;
  readonly scan: number;
  readonly revision: number;
  readonly final: boolean;
  readonly verdict: string | null;
}

/** How far a fault is. */
export interface Phase {
  readonly kind: "phase";
  readonly at: number;
  readonly phase: "before" | "struck" | "healed" | "well";
}

/** Resident memory of a part. */
export interface Usage {
  readonly kind: "usage";
  readonly at: number;
  readonly part: "gateway" | "agent";
  readonly name: string;
  readonly residentMb: number;
}

/** The 99th percentile of a gateway's event-loop delay since it was asked last. */
export interface LoopDelay {
  readonly kind: "loop";
  readonly at: number;
  readonly gateway: string;
  readonly p99Ms: number;
}

export type Entry = Sent | Answered | Read | Ready | Told | Phase | Usage | LoopDelay;

export function readJournal(file: string): Entry[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

/** The entries of one kind. */
export function only<K extends Entry["kind"]>(entries: readonly Entry[], kind: K): Extract<Entry, { kind: K }>[] {
  return entries.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
}

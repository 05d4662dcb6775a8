/** What is known of the mesh once all is over: the journal, and what was read through SQL, the public API and NATS. */

import type { Entry } from "./journal.js";

export interface ResultRow {
  readonly engine: string;
  readonly type: string;
  readonly state: string;
  readonly verdict: string | null;
}

/** A scan, as SQL or the public API has it. */
export interface ScanRow {
  readonly scan: number;
  readonly sha256: string;
  readonly deadline: number;
  /** Null while it is open. */
  readonly end: number | null;
  readonly verdict: string | null;
  readonly results: readonly ResultRow[];
}

/** A change of a result, or of a scan where `engine` is null, in the order in which a trigger of the database saw them. */
export interface Transition {
  readonly scan: number;
  readonly engine: string | null;
  readonly from: { readonly state: string | null; readonly verdict: string | null };
  readonly to: { readonly state: string | null; readonly verdict: string | null };
}

/** How many listen on a subject, and how many should. */
export interface Listeners {
  readonly subject: string;
  readonly wanted: number;
  readonly found: number;
}

export interface Evidence {
  readonly journal: readonly Entry[];
  /** All scans of the journal's samples, by SQL. */
  readonly rows: readonly ScanRow[];
  /** The accepted scans, as the public API reports them. */
  readonly reports: readonly ScanRow[];
  /** What downloading each acknowledged sample gave. */
  readonly bytes: ReadonlyMap<string, "same" | "changed" | "missing">;
  readonly transitions: readonly Transition[];
  /** What is left behind a minute after healing, a sentence each. */
  readonly orphans: readonly string[];
  /** Every sha256 that the engine of the internet class was shown, or found in the bytes that it was given. */
  readonly leaked: readonly string[];
  readonly listeners: readonly Listeners[];
  /** Scans whose subscriber was never told their end. */
  readonly untold: readonly number[];
  /** What the case itself found wrong, a sentence each. */
  readonly findings: readonly string[];
}

/** What must hold, in figures. */
export interface Limits {
  readonly ackWaitMs: number;
  readonly sweepMs: number;
  readonly wellWithinMs: number;
  readonly gatewayMb: number;
  readonly agentMb: number;
  readonly loopP99Ms: number;
  /** How long `/readyz` may be wrong until it notices. */
  readonly noticeMs: number;
  /** The least shares of reads and uploads that are answered while the fault lasts. */
  readonly readShare: number;
  readonly uploadShare: number;
  /** A client that sends an upload again has it taken at last. */
  readonly takesEveryUpload: boolean;
  /** The fault destroys stored bytes: they may be missing, never changed. */
  readonly losesBytes: boolean;
}

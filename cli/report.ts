/** What the command line asks of a scan, and how it judges it. */

import type { ScanProof } from "../schema/reports.js";
import type { Suppressed } from "../schema/suppressed.js";
import type { EngineVerdict, ResultCause, ResultState, SkipReason, Verdict } from "../schema/states.js";

export const REPORT_FIELDS = `scanId name verdict startDate endDate deadline done total detections
  sample { sha256 sha1 md5 size mime } skipped { engine reason }
  proof { detectedBy cleanBy antivirusAsked text advice barriers { engine state cause error text } absent }
  stale results { engine state verdict signature error cause causeText fault suppressed { signature reason } stale durationMs agent details versions { engine signatures signatureDate } image { id digest } exitCode timings { waitingMs fetchingMs startingMs scanningMs } }`;

export interface Report {
  readonly scanId: number;
  readonly name: string;
  readonly verdict: Verdict | null;
  readonly startDate: string;
  readonly endDate: string | null;
  /** The scan is final by then, whatever happens. */
  readonly deadline: string;
  readonly done: number;
  readonly total: number;
  readonly detections: number;
  readonly sample: {
    readonly sha256: string;
    readonly sha1: string;
    readonly md5: string;
    readonly size: number;
    readonly mime: string;
  };
  readonly skipped: readonly { readonly engine: string; readonly reason: SkipReason }[];
  /** Why it has its verdict. */
  readonly proof: ScanProof;
  /** Whether an antivirus engine's signatures were too old. */
  readonly stale: boolean;
  readonly results: readonly EngineResult[];
}

export interface EngineResult {
  readonly engine: string;
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly error: string | null;
  readonly cause: ResultCause | null;
  /** The cause in words for people. */
  readonly causeText: string | null;
  /** What it found that is suppressed. */
  readonly suppressed?: readonly Suppressed[];
  /** Why no agent that has the engine can run it, while the scan waits for it. */
  readonly fault?: string | null;
  readonly stale: boolean;
  readonly durationMs: number | null;
  readonly agent: string | null;
  readonly details: Record<string, unknown> | null;
  /** The container image that it ran in. */
  readonly image?: { readonly id: string; readonly digest: string | null } | null;
  /** Of a program. */
  readonly exitCode?: number | null;
  /** Where the time went, in milliseconds. */
  readonly timings?: {
    readonly waitingMs: number | null;
    readonly fetchingMs: number | null;
    readonly startingMs: number | null;
    readonly scanningMs: number | null;
  };
  readonly versions: {
    readonly engine: string | null;
    readonly signatures: string | null;
    readonly signatureDate: string | null;
  };
}

/** How one file came out: a report, or the reason why there is none; both if a scan could not be watched to its end. */
export interface FileResult {
  /** The file as it was given. */
  readonly file: string;
  readonly report?: Report;
  readonly error?: string;
}

/** A verdict that a newer gateway has and that is not known here proves nothing. */
const EXIT_CODES: ReadonlyMap<string, number> = new Map<Verdict, number>([
  ["CLEAN", 0],
  ["INFECTED", 1],
  ["SUSPICIOUS", 1],
  ["INCONCLUSIVE", 2],
]);
const WORST_FIRST = [1, 2, 0];

/** 0 clean, 1 infected or suspicious, 2 inconclusive or an error; of several files the worst, a detection before all. */
export function exitCode(outcomes: readonly FileResult[]): number {
  const codes = new Set(outcomes.map(exitCodeOf));
  return WORST_FIRST.find((code) => codes.has(code)) ?? 0;
}

function exitCodeOf({ report, error }: FileResult): number {
  const code = (report?.verdict && EXIT_CODES.get(report.verdict)) ?? 2;
  // A scan that was not seen to its end proves what it found, and nothing else.
  return error !== undefined && code === 0 ? 2 : code;
}

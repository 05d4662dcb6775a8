/** The scans to accept, and their form as JSON for the statement. */

import type { Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Labels, Priority } from "../../schema/scan-options.js";
import type { Skipped } from "../../schema/states.js";
import type { Caller } from "../caller.js";
import type { OwnedKey } from "./idempotency.js";
import type { NewBytes } from "./samples.js";

/** Scans that are accepted together, or not at all. */
export interface NewScans {
  readonly scans: readonly NewScan[];
  /** Whether they form a batch. */
  readonly isBatch?: boolean;
  /** The existing batch to add them to, instead of a new one. */
  readonly grows?: number | undefined;
  /** The verb under which the batch is audited. */
  readonly action?: string | undefined;
  /** The idempotency key that claims them, and the hash of their input. */
  readonly claim?: (OwnedKey & { readonly inputHash: string }) | undefined;
  /** The key whose daily quota they count towards. */
  readonly quotaKey?: string | undefined;
  /** For the audit. */
  readonly caller: Caller;
}

/** A scan to insert, with the engines it expects. */
export interface NewScan {
  /** The sample's row, or the bytes that were just stored for it. */
  readonly sample: { readonly sampleId: number; readonly sha256: string } | NewBytes;
  readonly name: string;
  readonly speed: Speed;
  readonly internet: boolean;
  readonly deadlineMs: number;
  readonly expected: readonly EngineRecord[];
  readonly skipped: readonly Skipped[];
  readonly labels?: Labels;
  readonly priority?: Priority;
  readonly stopAfter?: number | null;
  /** The earlier scan that it repeats. */
  readonly previous?: number | null;
  /** Results up to this age are copied from earlier scans of the sample; null copies none. */
  readonly freshnessMs?: number | null;
}

/** The ids of samples that already have a row. */
export function knownSamples(scans: readonly NewScan[]): number[] {
  return scans.flatMap(({ sample }) => ("sampleId" in sample ? sample.sampleId : []));
}

/** The stored bytes that need a row, each once with all requests that need them. */
export function bytesOf(requests: readonly NewScans[]): NewBytes[] {
  const found = new Map<string, NewBytes & { requests: number[] }>();
  for (const [request, { scans }] of requests.entries()) {
    for (const { sample } of scans) {
      if ("sampleId" in sample) continue;
      const same = found.get(sample.put.sha256);
      if (same) same.requests.push(request);
      else found.set(sample.put.sha256, { ...sample, requests: [request] });
    }
  }
  return [...found.values()];
}

export function requestRow(
  { scans, isBatch = false, grows, action = "submitScans", claim, quotaKey, caller }: NewScans,
  request: number,
) {
  return {
    request,
    is_batch: isBatch,
    grows,
    action,
    total: scans.length,
    owner: claim?.owner,
    key: claim?.key,
    input_hash: claim?.inputHash,
    quota_key: quotaKey,
    known: knownSamples(scans),
    key_id: caller.key?.id,
    address: caller.address,
    request_id: caller.requestId,
    scans: scans.map(scanRow),
  };
}

function scanRow({ sample, name, speed, internet, deadlineMs, expected, skipped, ...scan }: NewScan, position: number) {
  return {
    position,
    ...("sampleId" in sample ? { known_id: sample.sampleId, sha256: sample.sha256 } : { sha256: sample.put.sha256 }),
    name,
    speed,
    internet,
    deadline_ms: deadlineMs,
    engine_ids: expected.map(({ engineId }) => engineId),
    av_total: expected.filter(({ type }) => type === "AV").length,
    barriers: skipped.filter(({ barsClean }) => barsClean).length,
    skipped,
    labels: scan.labels ?? {},
    priority: scan.priority ?? "NORMAL",
    stop_after: scan.stopAfter,
    previous: scan.previous,
    fresh_ms: scan.freshnessMs,
  };
}

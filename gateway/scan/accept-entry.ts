import type { EngineRecord, SampleRecord } from "../../schema/reports.js";
import type { Accepted, NamedSample } from "../db/accept.js";
import type { NewScan, NewScans } from "../db/accept-rows.js";
import type { Claim } from "../db/idempotency.js";
import type { OutboxRequest } from "../db/outbox.js";
import { GatewayError } from "../errors.js";
import type { Acceptance, AcceptRequest, StoredOrNew } from "./accept-request.js";
import type { ScanContext } from "./context.js";
import { keyText, replayOf } from "./idempotency.js";
import type { Plan } from "./plan.js";
import { quotaKey } from "./quota.js";
import { labelsOf } from "./scan-input.js";
import { deletedMeanwhile } from "./store-sample.js";

/** A request that is being accepted. It is open until it has an answer. */
export interface Entry {
  readonly request: AcceptRequest;
  readonly claim: NewScans["claim"];
  /** One plan per sample. */
  plans: readonly Plan[];
  /** The refusal that applies unless earlier results answer all of it: an engine would start too late. */
  late?: GatewayError;
  answer: Acceptance | Error | undefined;
}

export function answerOf({ answer }: Entry): Acceptance | Error {
  if (!answer) throw new Error("a request was left without an answer");
  return answer;
}

/** The scans to insert for an entry. */
export function newScans(ctx: ScanContext, { request, claim, plans }: Entry): NewScans {
  const { caller, kind, options: shared, samples, repeats, grows, action } = request;
  const scans = samples.map(({ sample, name, options = shared, previous = repeats?.previous ?? null }, i): NewScan => {
    const { expected = [], skipped = [] } = plans[i] ?? {};
    return {
      speed: options.speed,
      internet: options.internet,
      deadlineMs: options.deadlineMs ?? ctx.config.deadlineMs,
      labels: labelsOf(options),
      priority: options.priority ?? "NORMAL",
      stopAfter: options.stopAfter ?? null,
      freshnessMs: options.freshnessMs ?? null,
      previous,
      name,
      expected,
      skipped,
      sample: sample.kind === "stored" ? sample.sample : bytesOf(sample),
    };
  });
  return { scans, isBatch: kind === "batch", grows, action, claim, quotaKey: quotaKey(caller), caller };
}

function bytesOf({ sample, replaces }: Extract<StoredOrNew, { kind: "new" }>) {
  return { put: sample, replaces };
}

/** Answers the entries. Returns new bytes that are redundant, because other uploads stored the same samples meanwhile. */
export function answerEntries(entries: readonly Entry[], { scans, claims, samples }: Accepted): StoredOrNew[] {
  const named = new Map(samples.map((sample) => [sample.sha256, sample]));
  const claimed = new Map(claims.map((claim) => [keyText(claim), claim]));
  const first = new Map(scans.toReversed().map((scan) => [scan.request, scan]));
  const redundant: StoredOrNew[] = [];
  for (const [i, entry] of entries.entries()) {
    const inserted = first.get(i);
    if (!inserted) {
      const claim = entry.claim && claimed.get(keyText(entry.claim));
      entry.answer = claim && entry.claim ? replay(claim, entry.claim.inputHash) : deletedMeanwhile();
      continue;
    }
    const { batchId, scanId } = inserted;
    const records = entry.request.samples.map(({ sample }) => recordOf(sample, named));
    entry.answer = { scanId: batchId === null ? scanId : null, batchId, replayed: false, samples: records };
    for (const { sample } of entry.request.samples) if (isRedundant(sample, named)) redundant.push(sample);
  }
  return redundant;
}

/** Answers unanswered entries whose keys an earlier request has claimed. */
export function replayClaimed(entries: readonly Entry[], { claims }: Accepted): void {
  const claimed = new Map(claims.map((claim) => [keyText(claim), claim]));
  for (const entry of entries) {
    const claim = entry.claim && claimed.get(keyText(entry.claim));
    if (claim && entry.claim && !entry.answer) entry.answer = replay(claim, entry.claim.inputHash);
  }
}

/** The answer to a request whose key was used before. */
export function replay(claim: Claim, inputHash: string): Acceptance | GatewayError {
  const earlier = replayOf(claim, inputHash);
  return earlier instanceof GatewayError ? earlier : { ...earlier, replayed: true, samples: [] };
}

type Named = ReadonlyMap<string, NamedSample>;

function recordOf(one: StoredOrNew, named: Named): SampleRecord {
  if (one.kind === "stored") return one.sample;
  const { copy: _, ...content } = one.sample;
  const row = named.get(content.sha256);
  if (!row) throw new Error(`no row was made for ${content.sha256}`);
  return { ...content, sampleId: row.sampleId, firstSeen: new Date(row.firstSeen), stored: true };
}

function isRedundant(one: StoredOrNew, named: Named): boolean {
  return one.kind === "new" && named.get(one.sample.sha256)?.blob !== one.sample.copy?.blob;
}

/** The requests that can be published at once. */
export function requestsToPublish(
  entries: readonly Entry[],
  { scans, requests, samples }: Accepted,
  engines: readonly EngineRecord[],
): OutboxRequest[] {
  const engineOf = new Map(engines.map(({ engineId, name, input }) => [engineId, { name, input }]));
  const scanOf = new Map(scans.map((scan) => [scan.scanId, scan]));
  const rowOf = new Map(samples.map((sample) => [sample.sampleId, sample]));
  return requests.flatMap(({ outboxId, scanId, speed, internet, engineIds, held }): OutboxRequest[] => {
    const scan = scanOf.get(scanId);
    const sample = scan && entries[scan.request]?.request.samples[scan.position]?.sample.sample;
    const row = scan && rowOf.get(scan.sampleId);
    if (held || !scan || !sample || !row) return [];
    const { sha256, md5, sha1, size, mime } = sample;
    const asked = engineIds.flatMap((id) => engineOf.get(id) ?? []);
    const { blob, key, isolated, inInternet } = row;
    return [
      {
        outboxId,
        scanId,
        speed,
        internet,
        engines: asked,
        sample: { sampleId: row.sampleId, sha256, md5, sha1, size, mime, blob, key },
        isolated,
        lacksCopy: internet && !inInternet && blob !== null && isolated !== null && asked.some(({ input }) => input === "file"),
        crashes: 0,
        remainingMs: scan.remainingMs,
      },
    ];
  });
}

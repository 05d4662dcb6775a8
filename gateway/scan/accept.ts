import type { EngineRecord, SampleRecord } from "../../schema/reports.js";
import type { Skipped } from "../../schema/states.js";
import { insertScans, takeIds, type InsertedScan, type NewScan } from "../db/accept.js";
import { audit } from "../db/audit.js";
import { insertBatch } from "../db/batches.js";
import { transact, type Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { GatewayError, BatchRefused } from "../errors.js";
import { announcedFingerprints, enginesOff } from "../fleet/serving.js";
import type { Acceptance, AcceptRequest, StoredOrNew } from "./accept-request.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { claimRequests, hashInput, ownedKey, type CreatedIds } from "./idempotency.js";
import { checkNames, NO_AGENT_RETRY_AFTER_S, planScan, type Plan } from "./plan.js";
import { openQuotas, type Quotas } from "./quota.js";
import { labelsOf } from "./scan-input.js";
import { deletedMeanwhile, discard, lockStored, upsertSamples } from "./store-sample.js";

/** Accepts a request. Throws BAD_INPUT, UNAVAILABLE, RATE_LIMITED, IDEMPOTENCY_CONFLICT or, for a batch, {@link BatchRefused}. */
export async function accept(ctx: ScanContext, request: AcceptRequest): Promise<Acceptance> {
  const answer = await ctx.accepting[request.kind](request);
  if (answer instanceof GatewayError) throw answer;
  return answer;
}

/** Accepts requests that arrived together in one transaction; each is refused on its own. */
export async function acceptAll(ctx: ScanContext, requests: readonly AcceptRequest[]): Promise<(Acceptance | GatewayError)[]> {
  const { entries, scans, redundant } = await transact(ctx.db, (tx) => acceptInTransaction(ctx, tx, requests));
  ctx.failpoint("outbox.after_commit");
  for (const outboxId of scans.flatMap(({ outboxIds }) => outboxIds)) ctx.relay.publishSoon(outboxId);
  if (scans.some(({ held }) => held)) ctx.bulk.releaseSoon();
  for (const sample of redundant) void discard(ctx, sample);
  const answers = entries.map(answerOf);
  ctx.metrics.scansAccepted.inc(scans.length);
  for (const answer of answers) if (answer instanceof GatewayError) ctx.metrics.scansRefused.inc({ code: answer.code });
  announce(
    ctx,
    scans.map(({ scanId, final }) => ({ scanId, revision: 0, final: final && { verdict: final, seconds: 0 } })),
  );
  return answers;
}

/** A request on its way through the transaction. It is open until it has an answer. */
interface Entry {
  readonly request: AcceptRequest;
  readonly samples: readonly { readonly sample: StoredOrNew; readonly name: string; readonly plan: Plan }[];
  /** Set before anything is inserted, for batches and for requests with an idempotency key. */
  reservedIds: CreatedIds;
  answer: Acceptance | GatewayError | undefined;
}

const NO_IDS: CreatedIds = { scanId: null, batchId: null };
const isOpen = ({ answer }: Entry) => answer === undefined;

async function acceptInTransaction(ctx: ScanContext, tx: Tx, requests: readonly AcceptRequest[]) {
  const catalogue = await readEngines(tx);
  const quotas = await openQuotas(
    tx,
    requests.map(({ caller }) => caller),
  );
  const deleted = await lockStored(tx, samplesOf(requests));
  const off = () => enginesOff(ctx.fleet);
  const entries = requests.map((request) => decide(request, catalogue, quotas, deleted, off));
  await reserveIds(tx, entries.filter(isOpen));
  await replayClaimed(tx, entries, quotas);
  const written = await write(ctx, tx, catalogue, entries.filter(isOpen));
  await quotas.settle();
  ctx.failpoint("accept.before_commit");
  return { entries, ...written };
}

/** Plans the scans of a request, or refuses it. */
function decide(
  request: AcceptRequest,
  catalogue: readonly EngineRecord[],
  quotas: Quotas,
  deleted: ReadonlySet<StoredOrNew>,
  off: () => readonly string[],
): Entry {
  const refused = (error: GatewayError): Entry => ({ request, samples: [], reservedIds: NO_IDS, answer: error });
  if (request.samples.some(({ sample }) => deleted.has(sample))) return refused(deletedMeanwhile());
  const samples = planSamples(catalogue, request, off);
  if (samples instanceof GatewayError) return refused(samples);
  const overQuota = quotas.take(request.caller, samples.length);
  return overQuota ? refused(overQuota) : { request, samples, reservedIds: NO_IDS, answer: undefined };
}

function planSamples(
  catalogue: readonly EngineRecord[],
  request: AcceptRequest,
  off: () => readonly string[],
): Entry["samples"] | GatewayError {
  const { kind, options } = request;
  try {
    checkNames(catalogue, options, off);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  const samples = request.samples.map(({ sample, name }) => {
    return { sample, name, plan: planScan(catalogue, { ...options, mime: sample.sample.mime }) };
  });
  const refusals = samples.flatMap(({ plan: { refused, skipped } }, index) =>
    refused ? [{ index, error: noHealthyAgent(skipped) }] : [],
  );
  const [first] = refusals;
  if (!first) return samples;
  return kind === "scan" ? first.error : new BatchRefused(refusals, samples.length);
}

/** Names the engines that would take part if they were healthy; none if the catalogue is empty. */
function noHealthyAgent(skipped: readonly Skipped[]): GatewayError {
  const missing = skipped.filter(({ reason }) => reason === "UNHEALTHY").map(({ engine }) => engine);
  const list = missing.length === 0 ? "" : ` (missing: ${missing.join(", ")})`;
  return new GatewayError("UNAVAILABLE", `no healthy agent runs an eligible engine${list}`, {
    retryAfter: NO_AGENT_RETRY_AFTER_S,
  });
}

/** Takes ids for entries that need them before anything is inserted. */
async function reserveIds(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const batches = entries.filter(({ request }) => request.kind === "batch");
  const keyedScans = entries.filter(({ request }) => request.kind === "scan" && request.options.idempotencyKey !== undefined);
  if (batches.length + keyedScans.length === 0) return;
  const ids = await takeIds(tx, { scans: keyedScans.length, batches: batches.length });
  keyedScans.forEach((entry, i) => (entry.reservedIds = { scanId: ids.scans[i] ?? null, batchId: null }));
  batches.forEach((entry, i) => (entry.reservedIds = { scanId: null, batchId: ids.batches[i] ?? null }));
}

/** Answers requests whose idempotency key an earlier request has used, also requests that would be refused now. */
async function replayClaimed(tx: Tx, entries: readonly Entry[], quotas: Quotas): Promise<void> {
  const keyed = entries.flatMap((entry) => {
    const { kind, caller, options, samples, repeats } = entry.request;
    if (options.idempotencyKey === undefined) return [];
    const contents = samples.map(({ sample: { sample }, name }) => ({ sha256: sample.sha256, name }));
    const inputHash = repeats?.inputHash ?? hashInput({ kind, options, samples: contents });
    const proposed = isOpen(entry) ? entry.reservedIds : undefined;
    return [{ ...ownedKey(caller, options.idempotencyKey), request: entry, inputHash, proposed }];
  });
  for (const [entry, earlier] of await claimRequests(tx, keyed)) {
    if (isOpen(entry)) quotas.giveBack(entry.request.caller, entry.samples.length);
    entry.answer = earlier instanceof GatewayError ? earlier : { ...earlier, replayed: true, samples: [] };
  }
}

/**
 * Writes everything that the open entries ask for, and answers them. `redundant` are new bytes of samples that other uploads have
 * stored meanwhile.
 */
async function write(
  ctx: ScanContext,
  tx: Tx,
  catalogue: readonly EngineRecord[],
  entries: readonly Entry[],
): Promise<{ scans: readonly InsertedScan[]; redundant: readonly StoredOrNew[] }> {
  const rows = await upsertSamples(tx, samplesOf(entries));
  const recordOf = (sample: StoredOrNew): SampleRecord => {
    const row = rows.get(sample);
    if (!row) throw new Error("a sample has no row");
    return row.record;
  };
  for (const { request, reservedIds } of entries)
    if (reservedIds.batchId !== null) await writeBatch(tx, request, reservedIds.batchId);
  const newScans = entries.flatMap((entry) =>
    entry.samples.map(({ sample, name, plan }): NewScan => {
      return { ...newScan(ctx, entry.request, plan), ...entry.reservedIds, sampleId: recordOf(sample).sampleId, name };
    }),
  );
  const wantsFresh = newScans.some(({ freshnessMs }) => typeof freshnessMs === "number");
  const scans = await insertScans(tx, newScans, wantsFresh ? announcedFingerprints(ctx.fleet, catalogue) : []);
  let next = 0;
  for (const entry of entries) {
    const { reservedIds } = entry;
    const ids = reservedIds.batchId === null ? { scanId: scans[next]?.scanId ?? null, batchId: null } : reservedIds;
    entry.answer = { ...ids, replayed: false, samples: entry.samples.map(({ sample }) => recordOf(sample)) };
    next += entry.samples.length;
  }
  return { scans, redundant: [...rows].flatMap(([sample, { redundant }]) => (redundant ? [sample] : [])) };
}

function samplesOf(holders: readonly { readonly samples: readonly { readonly sample: StoredOrNew }[] }[]): StoredOrNew[] {
  return holders.flatMap(({ samples }) => samples.map(({ sample }) => sample));
}

function answerOf({ answer }: Entry): Acceptance | GatewayError {
  if (!answer) throw new Error("a request was left without an answer");
  return answer;
}

async function writeBatch(tx: Tx, { caller, samples }: AcceptRequest, batchId: number): Promise<void> {
  await insertBatch(tx, batchId, samples.length);
  await audit(tx, caller, "submitScans", String(batchId), { scans: samples.length });
}

function newScan(ctx: ScanContext, { caller, options, repeats }: AcceptRequest, { expected, skipped }: Plan) {
  return {
    speed: options.speed,
    internet: options.internet,
    deadlineMs: options.deadlineMs ?? ctx.config.deadlineMs,
    expected,
    skipped,
    labels: labelsOf(options),
    priority: options.priority ?? "NORMAL",
    stopAfter: options.stopAfter ?? null,
    freshnessMs: options.freshnessMs ?? null,
    previous: repeats?.previous ?? null,
    caller,
  };
}

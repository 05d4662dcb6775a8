import type { EngineRecord, SampleRecord } from "../../schema/reports.js";
import type { Skipped } from "../../schema/states.js";
import { batched } from "../batch.js";
import type { Caller } from "../caller.js";
import { insertScans, takeIds, type NewScan } from "../db/accept.js";
import { audit } from "../db/audit.js";
import { insertBatch } from "../db/batches.js";
import { transact, type Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { BatchRefused, GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { announcedVersions } from "../fleet/fleet.js";
import { hashOf, keyOf, settleKeys, type Keyed, type Made } from "./idempotency.js";
import { deletedMeanwhile, deletedSince, discard, nameKept, type Named, type SampleToName } from "./store-sample.js";
import { checkNames, planScan, type Plan } from "./plan.js";
import { openQuotas } from "./quota.js";
import { announce } from "./announce.js";
import { labelsOf, type ScanOptions } from "./scan-input.js";

/** A request for one scan, or for a batch of them: all of it is accepted or nothing. */
export interface AcceptRequest {
  readonly caller: Caller;
  readonly kind: "scan" | "batch";
  readonly options: ScanOptions;
  readonly samples: readonly { readonly sample: SampleToName; readonly name: string }[];
  /** The scan that this one repeats, and the hash of what was asked for: the options are that scan's as well. */
  readonly repeats?: { readonly previous: number; readonly inputHash: string };
}

/** What came of it: a scan or a batch, made now or by an earlier request with the same idempotency key. */
export interface Outcome extends Made {
  readonly replayed: boolean;
  /** The samples with their rows, in the order of the request; none for what was made earlier. */
  readonly samples: readonly SampleRecord[];
}

type Accept = (request: AcceptRequest) => Promise<Outcome>;

const RETRY_AFTER_S = 10;
const acceptors = new WeakMap<ScanContext, Record<AcceptRequest["kind"], Accept>>();

/** Accepts a request. Throws BAD_INPUT, UNAVAILABLE, IDEMPOTENCY_CONFLICT or, for a batch, what {@link BatchRefused} says. */
export function accept(ctx: ScanContext, request: AcceptRequest): Promise<Outcome> {
  const existing = acceptors.get(ctx) ?? {
    scan: acceptor(ctx, { size: 100, parallel: 2 }),
    batch: acceptor(ctx, { size: 1, parallel: 2 }),
  };
  acceptors.set(ctx, existing);
  return existing[request.kind](request);
}

/** One a gateway: submissions that arrive together share a transaction, and each is refused on its own. */
function acceptor(ctx: ScanContext, limits: { size: number; parallel: number }): Accept {
  const acceptBatch = batched<AcceptRequest, Outcome | GatewayError>((batch) => acceptAll(ctx, batch), limits);
  return async (request) => {
    const answer = await acceptBatch(request);
    if (answer instanceof GatewayError) throw answer;
    return answer;
  };
}

async function acceptAll(ctx: ScanContext, requests: readonly AcceptRequest[]): Promise<(Outcome | GatewayError)[]> {
  const { answers, scans, spare } = await transact(ctx.db, (tx) => acceptIn(ctx, tx, requests));
  ctx.failpoint("outbox.after_commit");
  for (const outboxId of scans.flatMap(({ outboxIds }) => outboxIds)) ctx.relay.publishSoon(outboxId);
  if (scans.some(({ held }) => held)) ctx.bulk.releaseSoon();
  for (const sample of spare) void discard(ctx, sample);
  ctx.metrics.scansAccepted.inc(scans.length);
  ctx.metrics.scansRefused.inc(answers.filter((answer) => answer instanceof GatewayError).length);
  announce(
    ctx,
    scans.map(({ scanId, final }) => ({
      scanId,
      revision: 0,
      final: final ? { verdict: final, seconds: 0 } : null,
    })),
  );
  return answers;
}

async function acceptIn(ctx: ScanContext, tx: Tx, requests: readonly AcceptRequest[]) {
  const catalogue = await readEngines(tx);
  const answers = new Map<AcceptRequest, Outcome | GatewayError>();
  const going = new Map<AcceptRequest, readonly Plan[]>();
  const quotas = await openQuotas(
    tx,
    requests.map(({ caller }) => caller),
  );
  const gone = await deletedSince(tx, samplesOf(requests));
  for (const request of requests) {
    const lost = request.samples.some(({ sample }) => gone.has(sample));
    const plans = lost ? deletedMeanwhile() : plansOf(catalogue, request);
    if (plans instanceof GatewayError) {
      answers.set(request, plans);
      continue;
    }
    const overQuota = quotas.take(request.caller, request.samples.length);
    if (overQuota) answers.set(request, overQuota);
    else going.set(request, plans);
  }
  const ids = await idsFor(tx, [...going.keys()]);
  for (const [request, earlier] of await settleKeys(tx, keyedOf(requests, ids))) {
    answers.set(request, earlier instanceof GatewayError ? earlier : { ...earlier, replayed: true, samples: [] });
    if (going.delete(request)) quotas.giveBack(request.caller, request.samples.length);
  }
  const named = await nameKept(tx, samplesOf([...going.keys()]));
  const wanted: NewScan[] = [];
  for (const [request, plans] of going) {
    const made = ids.get(request) ?? NOT_YET;
    if (made.batchId !== null) await enterBatch(tx, request, made.batchId);
    request.samples.forEach(({ sample, name }, i) => {
      const { sampleId } = recordOf(named, sample);
      wanted.push({ ...newScan(ctx, request, plans[i] as Plan), ...made, sampleId, name });
    });
  }
  const fresh = wanted.some(({ freshnessMs }) => typeof freshnessMs === "number");
  const scans = await insertScans(tx, wanted, fresh ? announcedVersions(ctx.fleet, catalogue) : []);
  await quotas.settle();
  ctx.failpoint("accept.before_commit");
  const left = scans.values();
  for (const [request] of going) {
    const [first] = request.samples.map(() => left.next().value);
    const made = request.kind === "batch" ? ids.get(request) : first && { scanId: first.scanId, batchId: null };
    if (!made) throw new Error("a request made nothing");
    const samples = request.samples.map(({ sample }) => recordOf(named, sample));
    answers.set(request, { ...made, replayed: false, samples });
  }
  return {
    answers: requests.map((request) => answers.get(request) as Outcome | GatewayError),
    scans,
    spare: [...named].flatMap(([sample, { spare }]) => (spare ? [sample] : [])),
  };
}

function samplesOf(requests: readonly AcceptRequest[]): SampleToName[] {
  return requests.flatMap(({ samples }) => samples.map(({ sample }) => sample));
}

function recordOf(named: ReadonlyMap<SampleToName, Named>, sample: SampleToName): SampleRecord {
  const name = named.get(sample);
  if (!name) throw new Error("a sample was not named");
  return name.record;
}

/** A plan for each sample, or why the request is refused. */
function plansOf(catalogue: readonly EngineRecord[], { kind, options, samples }: AcceptRequest): Plan[] | GatewayError {
  try {
    checkNames(catalogue, options);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  const plans = samples.map(({ sample }) => planScan(catalogue, { ...options, mime: (sample.known ?? sample.kept).mime }));
  const refusals = plans.flatMap(({ refused, skipped }, index) => (refused ? [{ index, error: unattended(skipped) }] : []));
  const [first] = refusals;
  if (!first) return plans;
  return kind === "scan" ? first.error : new BatchRefused(refusals, samples.length);
}

/** Only agents are missing: those of the engines that would take part if they were healthy, or all if there is no engine. */
function unattended(skipped: readonly Skipped[]): GatewayError {
  const missing = skipped.filter(({ reason }) => reason === "UNHEALTHY").map(({ engine }) => engine);
  const why = missing.length === 0 ? "" : `: no healthy agent announces ${missing.join(", ")}`;
  return new GatewayError("UNAVAILABLE", `no agent is there that could scan this${why}`, { retryAfter: RETRY_AFTER_S });
}

const NOT_YET: Made = { scanId: null, batchId: null };

/** Ids for those that need them before anything is inserted: what has an idempotency key, and batches. */
async function idsFor(tx: Tx, requests: readonly AcceptRequest[]): Promise<Map<AcceptRequest, Made>> {
  const batches = requests.filter(({ kind }) => kind === "batch");
  const keyed = requests.filter(({ kind, options }) => kind === "scan" && options.idempotencyKey !== undefined);
  if (batches.length + keyed.length === 0) return new Map();
  const taken = await takeIds(tx, { scans: keyed.length, batches: batches.length });
  const ids = new Map<AcceptRequest, Made>();
  keyed.forEach((request, i) => ids.set(request, { scanId: taken.scans[i] ?? null, batchId: null }));
  batches.forEach((request, i) => ids.set(request, { scanId: null, batchId: taken.batches[i] ?? null }));
  return ids;
}

function keyedOf(requests: readonly AcceptRequest[], ids: ReadonlyMap<AcceptRequest, Made>): Keyed<AcceptRequest>[] {
  return requests.flatMap((request) => {
    const { kind, caller, options, samples, repeats } = request;
    if (options.idempotencyKey === undefined) return [];
    const contents = samples.map(({ sample, name }) => ({ sha256: (sample.known ?? sample.kept).sha256, name }));
    const inputHash = repeats?.inputHash ?? hashOf({ kind, options, samples: contents });
    return [{ ...keyOf(caller, options.idempotencyKey), request, inputHash, proposed: ids.get(request) }];
  });
}

async function enterBatch(tx: Tx, { caller, samples }: AcceptRequest, batchId: number): Promise<void> {
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

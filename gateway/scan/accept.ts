import type { EngineRecord } from "../../schema/reports.js";
import type { Skipped } from "../../schema/states.js";
import { acceptScans, type Accepted } from "../db/accept.js";
import type { NewScans } from "../db/accept-rows.js";
import type { Catalogue } from "../db/catalogue.js";
import { retryDeadlock, transact } from "../db/database.js";
import { readClaims } from "../db/idempotency.js";
import { GatewayError, BatchRefused } from "../errors.js";
import { announcedFingerprints, enginesOff } from "../fleet/serving.js";
import { answerEntries, answerOf, newScans, replay, replayClaimed, requestsToPublish, type Entry } from "./accept-entry.js";
import type { Acceptance, AcceptRequest } from "./accept-request.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { hashInput, keyText, ownedKey } from "./idempotency.js";
import { refuseLate, refuseNotTakenOver } from "./overload.js";
import { checkNames, NO_AGENT_RETRY_AFTER_S, planScan, type Plan } from "./plan.js";
import { overQuota } from "./quota.js";
import { discard } from "./store-sample.js";

/** Accepts a request. Throws BAD_INPUT, UNAVAILABLE, RATE_LIMITED, IDEMPOTENCY_CONFLICT or, for a batch, {@link BatchRefused}. */
export async function accept(ctx: ScanContext, request: AcceptRequest): Promise<Acceptance> {
  const answer = await ctx.accepting[request.kind](request);
  if (answer instanceof Error) throw answer;
  return answer;
}

/** How often the catalogue may change before planning is given up. */
const ATTEMPTS = 10;

/** Accepts concurrent requests in one statement; each may be refused separately. */
export async function acceptAll(ctx: ScanContext, requests: readonly AcceptRequest[]): Promise<(Acceptance | Error)[]> {
  const entries = requests.map((request): Entry => ({ request, claim: claimOf(request), plans: [], answer: undefined }));
  try {
    await acceptOpen(ctx, entries);
    await replayRefused(ctx, entries);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // What was committed before stays accepted. Otherwise clients would send it again, and its bytes would be removed.
    for (const entry of entries) if (!isAccepted(entry)) entry.answer = error;
  }
  const answers = entries.map(answerOf);
  for (const answer of answers) if (answer instanceof GatewayError) ctx.metrics.scansRefused.inc({ code: answer.code });
  return answers;
}

const isOpen = ({ answer }: Entry) => answer === undefined;
const isAccepted = ({ answer }: Entry) => answer !== undefined && !(answer instanceof Error);

/** Accepts or refuses every entry. */
async function acceptOpen(ctx: ScanContext, entries: readonly Entry[]): Promise<void> {
  let catalogue = await planAll(ctx, entries);
  await refuseLate(ctx, entries);
  // If several requests share an idempotency key, the first is accepted and answers the others; if it is refused, the next is tried.
  for (let attempts = 0, open = entries; (open = open.filter(isOpen)).length > 0;) {
    const turn = withoutRepeatedKeys(open);
    const accepted = await insert(ctx, turn, catalogue);
    if (accepted === "some refused") continue;
    if (accepted.isCurrent) {
      finish(ctx, turn, accepted, catalogue);
      replayClaimed(open, accepted);
      continue;
    }
    if (++attempts === ATTEMPTS)
      throw new GatewayError("UNAVAILABLE", "the engines are changing; send it again", { retryAfter: 1 });
    catalogue = await ctx.catalogue.renew();
    for (const entry of open) plan(ctx, entry, catalogue);
  }
}

function claimOf({ kind, caller, options, samples, repeats }: AcceptRequest): NewScans["claim"] {
  if (options.idempotencyKey === undefined) return undefined;
  const contents = samples.map(({ sample: { sample }, name }) => ({ sha256: sample.sha256, name }));
  const inputHash = repeats?.inputHash ?? hashInput({ kind, options, samples: contents });
  return { ...ownedKey(caller, options.idempotencyKey), inputHash };
}

/** Plans with the catalogue as last read. If anything would be refused, plans again with the current one. */
async function planAll(ctx: ScanContext, entries: readonly Entry[]): Promise<Catalogue> {
  const last = await ctx.catalogue.read();
  for (const entry of entries) plan(ctx, entry, last);
  if (entries.every(isOpen)) return last;
  const catalogue = await ctx.catalogue.renew();
  for (const entry of entries) plan(ctx, entry, catalogue);
  return catalogue;
}

function plan(ctx: ScanContext, entry: Entry, { engines }: Catalogue): void {
  const plans = planSamples(engines, entry.request, () => enginesOff(ctx.fleet));
  if (plans instanceof GatewayError) entry.answer = plans;
  else Object.assign(entry, { plans, answer: undefined });
}

function planSamples(
  catalogue: readonly EngineRecord[],
  { kind, options, samples }: AcceptRequest,
  off: () => readonly string[],
): readonly Plan[] | GatewayError {
  const unknown = refusalOf(() => checkNames(catalogue, options, off));
  if (unknown) return unknown;
  const plans = samples.map(({ sample, options: own = options }) => planScan(catalogue, { ...own, mime: sample.sample.mime }));
  const refusals = plans.flatMap(({ refused, skipped }, index) => {
    const unknown = refusalOf(() => checkNames(catalogue, samples[index]?.options ?? {}, off));
    return unknown ? [{ index, error: unknown }] : refused ? [{ index, error: noHealthyAgent(skipped) }] : [];
  });
  const [first] = refusals;
  if (!first) return plans;
  return kind === "scan" ? first.error : new BatchRefused(refusals, samples.length);
}

/** The error that a check throws; undefined if it passes. */
function refusalOf(check: () => void): GatewayError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** Names the engines that are missing only because they are unhealthy; none if the catalogue is empty. */
function noHealthyAgent(skipped: readonly Skipped[]): GatewayError {
  const missing = skipped.filter(({ reason }) => reason === "UNHEALTHY").map(({ engine }) => engine);
  const list = missing.length === 0 ? "" : ` (missing: ${missing.join(", ")})`;
  return new GatewayError("UNAVAILABLE", `no healthy agent runs an eligible engine${list}`, {
    retryAfter: NO_AGENT_RETRY_AFTER_S,
  });
}

function withoutRepeatedKeys(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return entries.filter(({ claim }) => {
    if (!claim) return true;
    const isFirst = !seen.has(keyText(claim));
    seen.add(keyText(claim));
    return isFirst;
  });
}

/** Rolls back the transaction of entries that are refused. */
class Refused extends Error {
  override readonly name = "Refused";
}

/**
 * Inserts the scans of the entries. If any entry exceeds a quota, or one of its engines would start too late, nothing is inserted and those
 * entries are refused.
 */
async function insert(ctx: ScanContext, entries: readonly Entry[], catalogue: Catalogue): Promise<Accepted | "some refused"> {
  const rows = entries.map((entry) => newScans(ctx, entry));
  const wantsFresh = rows.some(({ scans }) => scans.some(({ freshnessMs }) => typeof freshnessMs === "number"));
  const announced = wantsFresh ? announcedFingerprints(ctx.fleet, catalogue.engines) : [];
  const options = { catalogue: catalogue.digest, announced };
  ctx.failpoint("accept.before_commit");
  if (rows.every(({ quotaKey: key }) => key === undefined) && entries.every(({ late }) => late === undefined)) {
    const answer = retryDeadlock(() => acceptScans(ctx.db, rows, options));
    setImmediate(() => ctx.failpoint("accept.sent"));
    return answer;
  }
  try {
    return await transact(ctx.db, async (tx) => {
      const accepted = await acceptScans(tx, rows, options);
      if (refuseNotTakenOver(entries, accepted) || refuseOverQuota(entries, accepted)) throw new Refused();
      return accepted;
    });
  } catch (error) {
    if (error instanceof Refused) return "some refused";
    throw error;
  }
}

/** Refuses entries, in order, that exceed their keys' quotas. Returns whether there were any. */
function refuseOverQuota(entries: readonly Entry[], { scans, usage }: Accepted): boolean {
  const inserted = new Set(scans.map(({ request }) => request));
  for (const one of usage) {
    const counted = entries.filter(({ request }, i) => inserted.has(i) && request.caller.key?.id === one.keyId);
    let had = one.scans - counted.reduce((sum, { request }) => sum + request.samples.length, 0);
    for (const entry of counted) {
      const { caller, samples } = entry.request;
      entry.answer = overQuota(caller, samples.length, had, one);
      if (!entry.answer) had += samples.length;
    }
  }
  return entries.some(({ answer }) => answer !== undefined);
}

/** Answers the entries and does the work that follows the commit. */
function finish(ctx: ScanContext, entries: readonly Entry[], accepted: Accepted, { engines }: Catalogue): void {
  ctx.failpoint("outbox.after_commit");
  ctx.relay.publish(requestsToPublish(entries, accepted, engines));
  if (accepted.requests.some(({ held }) => held)) ctx.bulk.releaseSoon();
  for (const sample of answerEntries(entries, accepted)) void discard(ctx, sample);
  ctx.metrics.scansAccepted.inc(accepted.scans.length);
  announce(
    ctx,
    accepted.scans.map(({ scanId, final }) => ({ scanId, revision: 0, final: final && { verdict: final, seconds: 0 } })),
  );
}

/** A refused request is still replayed if an earlier request has used its idempotency key. */
async function replayRefused(ctx: ScanContext, entries: readonly Entry[]): Promise<void> {
  const refused = entries.flatMap((entry) => (entry.claim && entry.answer instanceof Error ? [{ entry, ...entry.claim }] : []));
  const claims = new Map((await readClaims(ctx.db, refused)).map((claim) => [keyText(claim), claim]));
  for (const { entry, inputHash, ...key } of refused) {
    const claim = claims.get(keyText(key));
    if (claim) entry.answer = replay(claim, inputHash);
  }
}

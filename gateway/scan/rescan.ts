import type { EngineRecord, BriefReport } from "../../schema/reports.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import type { SkipReason } from "../../schema/states.js";
import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { takeScanId } from "../db/accept.js";
import { audit } from "../db/audit.js";
import { transact, type Tx } from "../db/database.js";
import { shareLockSamples } from "../db/delete.js";
import { readEngines } from "../db/engines.js";
import { claimKey } from "../db/idempotency.js";
import { addScan } from "../db/quota.js";
import { insertRetry } from "../db/retry.js";
import { readBriefScan } from "../db/scans.js";
import { GatewayError, unknownScan } from "../errors.js";
import { accept } from "./accept.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { assertSameInput, findClaim, hashInput, ownedKey, replayOf, type CreatedIds } from "./idempotency.js";
import { deletedMeanwhile, findStoredSample } from "./store-sample.js";
import { NO_AGENT_RETRY_AFTER_S, planScan } from "./plan.js";
import { overQuota, quotaKey } from "./quota.js";
import { checkOptions, type ScanOptions, type SomeOptions } from "./scan-input.js";
import { lockScan } from "./withdraw.js";

/** The options in which a repeated scan may differ from the original, and an idempotency key of its own. */
export type RescanOptions = Omit<SomeOptions, "priority" | "freshnessMs" | "stopAfter">;

/** The new scan. */
export interface RescanRecord {
  readonly scanId: number;
  /** Whether an earlier request with the same idempotency key created it. */
  readonly replayed: boolean;
}

/**
 * Scans a scan's sample again, with the same options except for those in `options`. Throws the errors of `submitScan` for a stored sample,
 * and NOT_FOUND for the scan.
 */
export async function rescan(ctx: ScanContext, caller: Caller, scanId: number, options: RescanOptions): Promise<RescanRecord> {
  checkOptions(options);
  const inputHash = hashInput({ kind: "rescan", options, samples: [], previous: scanId });
  const earlier = await findEarlier(ctx, caller, options.idempotencyKey, inputHash);
  if (earlier) return earlier;
  const before = await readBriefScan(ctx.db, scanId);
  if (!before) throw unknownScan(scanId);
  const sample = await findStoredSample(ctx, before.sample.sha256);
  const samples = [{ sample: { kind: "stored", sample }, name: before.name }] as const;
  const repeats = { previous: scanId, inputHash };
  return rescanRecord(await accept(ctx, { caller, kind: "scan", options: optionsOf(before, options), samples, repeats }));
}

/** The scan that an earlier request with the key created, even if the original scan is gone. */
async function findEarlier(
  ctx: ScanContext,
  caller: Caller,
  key: string | undefined,
  inputHash: string,
): Promise<RescanRecord | undefined> {
  const claim = key === undefined ? undefined : await findClaim(ctx.db, ownedKey(caller, key));
  if (!claim) return undefined;
  assertSameInput(claim, inputHash);
  return rescanRecord({ ...claim, replayed: true });
}

function rescanRecord({ scanId, replayed }: CreatedIds & { readonly replayed: boolean }): RescanRecord {
  if (scanId === null) throw new Error("a repeated scan has no id");
  return { scanId, replayed };
}

/** The options of a scan, with changes. Naming or excluding engines replaces the original scan's whole choice of engines. */
export function optionsOf(scan: BriefReport, changes: RescanOptions): ScanOptions {
  const { priority, stopAfter } = scan;
  const named = changes.engines !== undefined || changes.excludeEngines !== undefined;
  return {
    speed: changes.speed ?? scan.speed,
    internet: changes.internet ?? scan.internet,
    labels: changes.labels ?? Object.entries(scan.labels).map(([key, value]) => ({ key, value })),
    priority,
    stopAfter: stopAfter ?? undefined,
    deadlineMs: changes.deadlineMs ?? deadlineOf(scan),
    engines: named ? changes.engines : choiceOf(scan),
    excludeEngines: changes.excludeEngines,
    idempotencyKey: changes.idempotencyKey,
  };
}

/** Undefined if no request could have asked for it: an imported scan has its end as its deadline. */
function deadlineOf({ deadline, startDate }: BriefReport): number | undefined {
  const ms = deadline.getTime() - startDate.getTime();
  return ms >= OPTION_LIMITS.deadlineMs.min && ms <= OPTION_LIMITS.deadlineMs.max ? ms : undefined;
}

/** Engines skipped for these reasons were chosen by the request. */
const CHOSEN: ReadonlySet<SkipReason> = new Set(["TOO_SLOW", "INTERNET_FORBIDDEN", "UNSUPPORTED_TYPE", "UNHEALTHY"]);

/** The engines that a scan's request named; undefined if it named none. */
function choiceOf({ results, skipped }: BriefReport): string[] | undefined {
  if (!skipped.some(({ reason }) => reason === "NOT_SELECTED")) return undefined;
  const chosen = skipped.filter(({ reason }) => CHOSEN.has(reason));
  return [...results, ...chosen].map(({ engine }) => engine);
}

/**
 * Creates a scan that copies a final scan's results and runs one of its engines again. Throws NOT_FOUND, BAD_INPUT, SAMPLE_NOT_STORED,
 * IDEMPOTENCY_CONFLICT, RATE_LIMITED or UNAVAILABLE.
 */
export async function retryResult(
  ctx: ScanContext,
  caller: Caller,
  scanId: number,
  name: string,
  idempotencyKey?: string,
): Promise<RescanRecord> {
  checkOptions({ idempotencyKey });
  const inputHash = hashInput({ kind: "retryResult", options: { engines: [name] }, samples: [], previous: scanId });
  const earlier = await findEarlier(ctx, caller, idempotencyKey, inputHash);
  if (earlier) return earlier;
  const before = await readBriefScan(ctx.db, scanId);
  if (!before) throw unknownScan(scanId);
  if (!before.endDate) throw new GatewayError("BAD_INPUT", `the scan ${scanId} is not final yet`, { field: ["id"] });
  const sample = await findStoredSample(ctx, before.sample.sha256);
  const { request, ...answer } = await transact(ctx.db, async (tx) => {
    await lockScan(tx, scanId);
    const { newId, replayed } = await takeId(tx, caller, idempotencyKey, inputHash);
    if (replayed) return { ...replayed, request: undefined };
    if ((await shareLockSamples(tx, [sample.sampleId])).size > 0) throw deletedMeanwhile();
    const { engineId, name: engine } = assertCanRepeat(await readEngines(tx), before, name);
    await countScan(tx, caller);
    const deadline = { ...OPTION_LIMITS.deadlineMs, fallbackMs: ctx.config.deadlineMs };
    const inserted = await insertRetry(tx, { scanId: newId, previous: scanId, engineId, deadline });
    await audit(tx, caller, "retryResult", String(newId), { previous: scanId, engine });
    return { scanId: newId, replayed: false, request: inserted };
  });
  if (request === undefined) return answer;
  if (request.held) ctx.bulk.releaseSoon();
  else ctx.relay.publishSoon(request.outboxId);
  ctx.metrics.scansAccepted.inc();
  announce(ctx, [{ scanId: answer.scanId, revision: 0, final: null }]);
  return answer;
}

/** Reserves an id for a new scan and claims its idempotency key. If the key is in use, its earlier scan is replayed. */
async function takeId(tx: Tx, caller: Caller, key: string | undefined, inputHash: string) {
  const newId = await takeScanId(tx);
  if (key === undefined) return { newId };
  const earlier = replayOf(await claimKey(tx, ownedKey(caller, key), inputHash, { scanId: newId }), inputHash);
  if (earlier instanceof GatewayError) throw earlier;
  return { newId, replayed: earlier.scanId === newId ? undefined : rescanRecord({ ...earlier, replayed: true }) };
}

/** Counts a scan towards the quota. Throws RATE_LIMITED, which rolls back the transaction. */
async function countScan(tx: Tx, caller: Caller): Promise<void> {
  const keyId = quotaKey(caller);
  if (keyId === undefined) return;
  const usage = await addScan(tx, keyId);
  const refusal = overQuota(caller, 1, usage.scans - 1, usage);
  if (refusal) throw refusal;
}

/** The engine in its current state. Throws if it took no part in the scan, or can no longer scan its sample. */
function assertCanRepeat(catalogue: readonly EngineRecord[], { results, internet, sample, scanId }: BriefReport, name: string) {
  const token = engineToken(name);
  const engine = catalogue.find((one) => engineToken(one.name) === token);
  if (!engine || !results.some((result) => engineToken(result.engine) === token))
    throw new GatewayError("BAD_INPUT", `no engine called ${name} took part in scan ${scanId}`, { field: ["engine"] });
  const [left] = planScan([engine], { speed: "ALL", internet, mime: sample.mime }).skipped;
  if (!left) return engine;
  if (left.reason === "UNHEALTHY") {
    throw new GatewayError("UNAVAILABLE", `no healthy agent runs ${engine.name}`, { retryAfter: NO_AGENT_RETRY_AFTER_S });
  }
  throw new GatewayError("BAD_INPUT", `${engine.name} cannot take part now: ${left.reason}`, { field: ["engine"] });
}

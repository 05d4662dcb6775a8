import type { EngineRecord, ScanReport } from "../../schema/reports.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import type { SkipReason } from "../../schema/states.js";
import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { insertRetry, type Retry } from "../db/retry.js";
import { readScan } from "../db/scans.js";
import { GatewayError, unknownScan } from "../errors.js";
import { accept } from "./accept.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { deletedMeanwhile, deletedSince, findStoredSample } from "./keep.js";
import { planScan } from "./plan.js";
import { openQuotas } from "./quota.js";
import { checkOptions, type ScanOptions } from "./wish.js";
import { lockScan } from "./withdraw.js";

const RETRY_AFTER_S = 10;

/** What a repeated scan can have otherwise than the first. */
export interface RescanWish extends Pick<ScanOptions, "engines" | "excludeEngines" | "deadlineMs"> {
  readonly speed?: ScanOptions["speed"] | undefined;
  readonly internet?: boolean | undefined;
}

/**
 * Scans a scan's sample again, as that scan asked for unless the wish says otherwise; the new scan's id. Throws what
 * `submitScan` throws for a stored sample, and NOT_FOUND for the scan.
 */
export async function rescan(ctx: ScanContext, caller: Caller, scanId: number, wish: RescanWish): Promise<number> {
  const before = await readScan(ctx.db, scanId);
  if (!before) throw unknownScan(scanId);
  const options = optionsOf(before, wish);
  checkOptions(options);
  const known = await findStoredSample(ctx, before.sample.sha256);
  const samples = [{ sample: { known }, name: before.name }];
  const made = await accept(ctx, { caller, kind: "scan", options, samples, previous: scanId });
  if (made.scanId === null) throw new Error("a repeated scan has no id");
  return made.scanId;
}

/** Engines that are named take the place of the whole choice. */
function optionsOf(scan: ScanReport, wish: RescanWish): ScanOptions {
  const { labels, priority, stopAfter } = scan;
  const named = wish.engines !== undefined || wish.excludeEngines !== undefined;
  return {
    speed: wish.speed ?? scan.speed,
    internet: wish.internet ?? scan.internet,
    labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
    priority,
    stopAfter: stopAfter ?? undefined,
    deadlineMs: wish.deadlineMs ?? deadlineOf(scan),
    engines: named ? wish.engines : choiceOf(scan),
    excludeEngines: wish.excludeEngines,
  };
}

/** What could have been asked for; an imported scan has no such deadline. */
function deadlineOf({ deadline, startDate }: ScanReport): number | undefined {
  const ms = deadline.getTime() - startDate.getTime();
  return ms >= OPTION_LIMITS.deadlineMs.min && ms <= OPTION_LIMITS.deadlineMs.max ? ms : undefined;
}

/** Engines are left out for these reasons only if the request had chosen them. */
const CHOSEN: ReadonlySet<SkipReason> = new Set(["TOO_SLOW", "INTERNET_FORBIDDEN", "UNSUPPORTED_TYPE", "UNHEALTHY"]);

/** The engines that a scan chose by name; undefined if it chose none. */
function choiceOf({ results, skipped }: ScanReport): string[] | undefined {
  if (!skipped.some(({ reason }) => reason === "NOT_SELECTED")) return undefined;
  const chosen = skipped.filter(({ reason }) => CHOSEN.has(reason));
  return [...results, ...chosen].map(({ engine }) => engine);
}

/**
 * Makes a scan that takes over a final scan's results and runs one of its engines again; its id. Throws NOT_FOUND, BAD_INPUT,
 * SAMPLE_NOT_STORED, RATE_LIMITED or UNAVAILABLE.
 */
export async function retryResult(ctx: ScanContext, caller: Caller, scanId: number, name: string): Promise<number> {
  const before = await readScan(ctx.db, scanId);
  if (!before) throw unknownScan(scanId);
  if (!before.endDate) throw new GatewayError("BAD_INPUT", `the scan ${scanId} is not final yet`, { field: ["id"] });
  const known = await findStoredSample(ctx, before.sample.sha256);
  const { outboxId, ...made } = await transact(
    ctx.db,
    () => ctx.metrics.deadlocks.inc(),
    async (tx) => {
      await lockScan(tx, scanId);
      if ((await deletedSince(tx, [{ known }])).size > 0) throw deletedMeanwhile();
      const { engineId, name: engine } = repeatable(await readEngines(tx), before, name);
      const quotas = await openQuotas(tx, [caller]);
      const overQuota = quotas.take(caller, 1);
      if (overQuota) throw overQuota;
      const retry: Retry = await insertRetry(tx, scanId, engineId, ctx.config.SCANMESH_DEADLINE);
      await quotas.settle();
      await audit(tx, caller, "retryResult", String(retry.scanId), { previous: scanId, engine });
      return retry;
    },
  );
  ctx.relay.publishSoon(outboxId);
  ctx.metrics.scansAccepted.inc();
  announce(ctx, [{ scanId: made.scanId, revision: 0, final: null, detectedLate: false }]);
  return made.scanId;
}

/** The engine as it is now. Throws if it took no part in the scan, or cannot scan its sample any more. */
function repeatable(catalogue: readonly EngineRecord[], { results, internet, sample, scanId }: ScanReport, name: string) {
  const token = engineToken(name);
  const engine = catalogue.find((one) => engineToken(one.name) === token);
  if (!engine || !results.some((result) => engineToken(result.engine) === token))
    throw new GatewayError("BAD_INPUT", `no engine called ${name} took part in scan ${scanId}`, { field: ["engine"] });
  const [left] = planScan([engine], { speed: "ALL", internet, mime: sample.mime }).skipped;
  if (!left) return engine;
  if (left.reason === "UNHEALTHY") {
    throw new GatewayError("UNAVAILABLE", `no agent is there that could run ${engine.name}`, { retryAfter: RETRY_AFTER_S });
  }
  throw new GatewayError("BAD_INPUT", `${engine.name} cannot take part now: ${left.reason}`, { field: ["engine"] });
}

import type { EngineRecord, QueueRecord } from "../../schema/reports.js";
import type { Priority } from "../../schema/scan-options.js";
import type { Skipped } from "../../schema/states.js";
import { countHeld } from "../db/bulk.js";
import { readEngines } from "../db/engines.js";
import { readReusable } from "../db/reuse.js";
import { findSample, type StoredSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { announcedFingerprints, serving, enginesOff } from "../fleet/serving.js";
import { checkNames, planScan, type PlanRequest } from "./plan.js";
import { estimateWait, readQueues } from "./queues.js";
import { checkFreshness } from "./scan-input.js";

/** A request whose outcome a client wants to know in advance. */
export interface PlanQuestion extends Omit<PlanRequest, "mime"> {
  /** A sample known to the mesh. */
  readonly sha256?: string | undefined;
  /** The MIME type of an unknown sample. Without either, the type is unknown. */
  readonly mime?: string | undefined;
  readonly priority: Priority;
  readonly freshnessMs?: number | undefined;
}

export interface ScanPlanRecord {
  readonly acceptable: boolean;
  readonly engines: readonly PlannedEngineRecord[];
  readonly skipped: readonly Skipped[];
  /** Milliseconds until the last engine would start; null if this is unknown for one of them. */
  readonly estimatedWaitMs: number | null;
}

export interface PlannedEngineRecord {
  readonly engine: EngineRecord;
  readonly agents: number;
  readonly slots: number;
  readonly reusedFrom: number | null;
  readonly estimatedWaitMs: number | null;
}

/** Why new scans would not use an engine; null if they would. */
export function explainUnavailable({ enabled, unhealthy, available, lastHealthyAt }: EngineRecord): string | null {
  if (!enabled) return "an operator has disabled it";
  if (unhealthy !== null) return unhealthy;
  if (available) return null;
  return lastHealthyAt === null ? "no agent has announced it as healthy yet" : "no agent that is online has it";
}

const UNKNOWN_TYPE = "application/octet-stream";

/** The engines that a request would get if it were made now. Throws BAD_INPUT, or NOT_FOUND for a sample that the mesh does not know. */
export async function explainScan(ctx: ScanContext, question: PlanQuestion): Promise<ScanPlanRecord> {
  const { sha256, freshnessMs } = question;
  if (sha256 !== undefined && question.mime !== undefined)
    throw new GatewayError("BAD_INPUT", "sha256, mime: only one of them can be given");
  checkFreshness(freshnessMs);
  const sample = sha256 === undefined ? undefined : await findSample(ctx.db, sha256);
  if (sha256 !== undefined && !sample) throw new GatewayError("NOT_FOUND", `no sample has the hash ${sha256}`);
  const catalogue = await readEngines(ctx.db);
  checkNames(catalogue, question, () => enginesOff(ctx.fleet));
  const mime = sample?.mime ?? question.mime ?? UNKNOWN_TYPE;
  const { expected, skipped, refused } = planScan(catalogue, { ...question, mime });
  const reused = await readReused(ctx, catalogue, sample, expected, freshnessMs);
  const waits = await readWaits(ctx, question.priority);
  const engines = expected.map((engine): PlannedEngineRecord => {
    const reusedFrom = reused.get(engine.engineId) ?? null;
    const estimatedWaitMs = reusedFrom === null ? (waits.get(engine.engineId) ?? null) : 0;
    return { engine, ...serving(ctx.fleet, engine), reusedFrom, estimatedWaitMs };
  });
  return { acceptable: !refused, engines, skipped, estimatedWaitMs: longest(engines) };
}

async function readReused(
  ctx: ScanContext,
  catalogue: readonly EngineRecord[],
  sample: StoredSample | undefined,
  expected: readonly EngineRecord[],
  freshnessMs: number | undefined,
): Promise<Map<number, number>> {
  if (!sample || freshnessMs === undefined) return new Map();
  const engineIds = expected.map(({ engineId }) => engineId);
  return readReusable(ctx.db, { sampleId: sample.sampleId, freshnessMs, engineIds }, announcedFingerprints(ctx.fleet, catalogue));
}

/** Waits by engine id; empty while NATS is away. A BULK request queues behind the held ones. */
async function readWaits(ctx: ScanContext, priority: Priority): Promise<Map<number, number | null>> {
  if (!ctx.bus.connected()) return new Map();
  const held = priority === "BULK" ? await countHeld(ctx.db) : new Map<number, number>();
  const wait = ({ engine, waiting, slots, meanMs }: QueueRecord) =>
    estimateWait(waiting + (held.get(engine.engineId) ?? 0), slots, meanMs);
  return new Map((await readQueues(ctx)).map((queue) => [queue.engine.engineId, wait(queue)]));
}

function longest(engines: readonly PlannedEngineRecord[]): number | null {
  let wait = 0;
  for (const { estimatedWaitMs } of engines) {
    if (estimatedWaitMs === null) return null;
    wait = Math.max(wait, estimatedWaitMs);
  }
  return wait;
}

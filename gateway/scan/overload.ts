/** Scans are refused while one of their engines would start them later than the operator allows. */

import { GatewayError } from "../errors.js";
import type { Entry } from "./accept-entry.js";
import type { ScanContext } from "./context.js";
import { readQueues } from "./queues.js";

/** Estimated milliseconds until a request would start, by the engine's id; an engine of which that is unknown is left out. */
export type Waits = ReadonlyMap<number, number>;

/** How long an estimate is used. */
const READ_EVERY_MS = 1_000;

/** Returns a function that reads the waits, once for all who ask within a second. */
export function createWaits(read: () => Promise<Waits>): () => Promise<Waits> {
  let readAt = -Infinity;
  let waits: Promise<Waits>;
  return () => {
    if (performance.now() - readAt >= READ_EVERY_MS) {
      readAt = performance.now();
      waits = read();
    }
    return waits;
  };
}

/** The waits as the queues are now. What is known only in part, while the bus is away, says too much. */
export async function readWaits(ctx: ScanContext): Promise<Waits> {
  const queues = await readQueues(ctx);
  return new Map(
    queues.flatMap(({ engine, complete, estimatedWaitMs }) =>
      complete && estimatedWaitMs !== null ? [[engine.engineId, estimatedWaitMs] as const] : [],
    ),
  );
}

/** Answers the entries of which an engine would start too late; BULK scans wait for room anyway. */
export async function refuseLate(ctx: ScanContext, entries: readonly Entry[]): Promise<void> {
  const { maxWaitMs } = ctx.config;
  if (maxWaitMs === undefined) return;
  const open = entries.filter(({ answer }) => answer === undefined);
  if (open.length === 0) return;
  const waits = await ctx.waits();
  for (const entry of open) entry.answer = overload(entry, waits, maxWaitMs);
}

function overload({ request, plans }: Entry, waits: Waits, maxWaitMs: number): GatewayError | undefined {
  const prompt = plans.filter((_, i) => (request.samples[i]?.options ?? request.options).priority !== "BULK");
  const [last] = prompt
    .flatMap(({ expected }) => expected.map(({ engineId, name }) => ({ name, waitMs: waits.get(engineId) ?? 0 })))
    .filter(({ waitMs }) => waitMs > maxWaitMs)
    .toSorted((a, b) => b.waitMs - a.waitMs);
  if (last === undefined) return undefined;
  const seconds = (ms: number) => Math.ceil(ms / 1_000);
  return new GatewayError(
    "UNAVAILABLE",
    `${last.name} would start in about ${seconds(last.waitMs)} s, and this mesh lets scans wait for ${seconds(maxWaitMs)} s at most: ` +
      "send it again later, or with the priority BULK",
    { retryAfter: seconds(last.waitMs - maxWaitMs) },
  );
}

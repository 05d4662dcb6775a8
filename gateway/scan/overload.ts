/** Refuses scans if one of their engines would start later than the operator allows. */

import type { Accepted } from "../db/accept.js";
import { GatewayError } from "../errors.js";
import type { Entry } from "./accept-entry.js";
import type { ScanContext } from "./context.js";
import { readQueues } from "./queues.js";
import type { Waits } from "./waits.js";

/** The current waits of the queues. Engines whose queue is known only in part, while the bus is away, are left out. */
export async function readWaits(ctx: ScanContext): Promise<Waits> {
  const queues = await readQueues(ctx);
  return new Map(
    queues.flatMap(({ engine, complete, estimatedWaitMs }) =>
      complete && estimatedWaitMs !== null ? [[engine.name, estimatedWaitMs] as const] : [],
    ),
  );
}

/**
 * Refuses entries with an engine that would start too late; BULK scans are exempt, since they wait for room anyway. If earlier results may
 * answer an entry, it is only marked as late: whether they do is known after inserting it.
 */
export async function refuseLate(ctx: ScanContext, entries: readonly Entry[]): Promise<void> {
  const { maxWaitMs } = ctx.config;
  if (maxWaitMs === undefined) return;
  const open = entries.filter(({ answer }) => answer === undefined);
  if (open.length === 0) return;
  const waits = await ctx.waits();
  for (const entry of open) {
    const refusal = overload(entry, waits, maxWaitMs);
    if (refusal && mayBeTakenOver(entry)) entry.late = refusal;
    else entry.answer = refusal;
  }
}

/** Refuses late entries that earlier results did not answer completely. Returns whether there were any. */
export function refuseNotTakenOver(entries: readonly Entry[], { scans }: Accepted): boolean {
  const unanswered = new Set(scans.filter(({ final }) => final === null).map(({ request }) => request));
  const refused = entries.filter(({ late }, i) => late !== undefined && unanswered.has(i));
  for (const entry of refused) entry.answer = entry.late;
  return refused.length > 0;
}

function mayBeTakenOver({ request: { samples, options: shared } }: Entry): boolean {
  return samples.every(({ options = shared }) => typeof options.freshnessMs === "number");
}

function overload({ request, plans }: Entry, waits: Waits, maxWaitMs: number): GatewayError | undefined {
  const prompt = plans.filter((_, i) => (request.samples[i]?.options ?? request.options).priority !== "BULK");
  const [last] = prompt
    .flatMap(({ expected }) => expected.map(({ name }) => ({ name, waitMs: waits.get(name) ?? 0 })))
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

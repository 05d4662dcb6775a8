import { internetClass } from "../../schema/classes.js";
import type { EngineRecord, QueueRecord } from "../../schema/reports.js";
import type { DurableState } from "../bus/account.js";
import { countPublished } from "../db/bulk.js";
import { readEngines } from "../db/engines.js";
import { readEngineCounts } from "../db/statistics.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { serving } from "../fleet/serving.js";

const HOUR_MS = 3_600_000;

/** The queue of every engine, ordered by name. While the bus is away, only what Postgres knows. */
export async function readQueues(ctx: ScanContext): Promise<QueueRecord[]> {
  const now = Date.now();
  const since = (hours: number) => ({ from: new Date(Math.floor(now / HOUR_MS - hours) * HOUR_MS), to: new Date(now) });
  const [engines, published, recent, day] = await Promise.all([
    readEngines(ctx.db),
    countPublished(ctx.db),
    readEngineCounts(ctx.db, since(1)),
    readEngineCounts(ctx.db, since(24)),
  ]);
  const dead = new Map(day.map((counts) => [counts.engineId, counts.dead]));
  const mean = new Map(recent.map(({ engineId, timed, timedMs }) => [engineId, timed > 0 ? timedMs / timed : null]));
  return Promise.all(
    engines.map(async (engine) => {
      const durable = await readDurable(ctx, engine);
      const { pending, unacknowledged, redelivered } = durable ?? { pending: Infinity, unacknowledged: 0, redelivered: 0 };
      // The server's count includes requests for other engines on the same subject, and deleted ones until the durable has passed them.
      const waiting = Math.min(pending, published.get(engine.engineId) ?? 0);
      const { agents, slots } = serving(ctx.fleet, engine);
      const meanMs = mean.get(engine.engineId) ?? null;
      return {
        engine,
        complete: durable !== undefined,
        waiting,
        running: unacknowledged,
        redelivered,
        dead: dead.get(engine.engineId) ?? 0,
        agents,
        slots,
        meanMs,
        estimatedWaitMs: estimateWait(waiting, slots, meanMs),
      };
    }),
  );
}

/** Undefined while the bus is away. */
async function readDurable(
  { bus }: ScanContext,
  { name, internet }: EngineRecord,
): Promise<Omit<DurableState, "ackFloor"> | undefined> {
  try {
    // A lost durable holds nothing; it is recreated within seconds.
    return (await bus.account(internetClass(internet)).durableState(name)) ?? { pending: 0, unacknowledged: 0, redelivered: 0 };
  } catch (error) {
    if (error instanceof GatewayError && error.code === "UNAVAILABLE") return undefined;
    throw error;
  }
}

/** The time until a request starts that has `waiting` others before it. */
export function estimateWait(waiting: number, slots: number, meanMs: number | null): number | null {
  if (slots === 0) return null;
  if (waiting === 0) return 0;
  return meanMs === null ? null : (waiting / slots) * meanMs;
}

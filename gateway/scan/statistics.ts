import type { EngineCounts, EnginePointCounts, ScanCounts } from "../../schema/reports.js";
import type { Database } from "../db/database.js";
import { lockUncounted } from "../db/final-scans.js";
import { bucketEnd, rollUp } from "../db/rollup.js";
import {
  readDurationPoints,
  readDurations,
  readEngineCounts,
  readEnginePoints,
  readScanCounts,
  type Buckets,
  type Hours,
} from "../db/statistics.js";
import { badInput } from "../errors.js";
import type { RowBatches } from "../batches/row-batches.js";
import type { ScanContext } from "./context.js";

export type Interval = "HOUR" | "DAY";

const MS: Record<Interval, number> = { HOUR: 3_600_000, DAY: 86_400_000 };
const MOST_POINTS = 1_000;
const DEFAULT_RANGE_MS = 86_400_000;

/** A range of whole intervals (UTC). */
export interface StatisticsRange extends Hours {
  readonly interval: Interval;
}

/** The range of intervals from `from` to `to`, by default the last day. Throws BAD_INPUT. */
export function statisticsRange(interval: Interval, from: Date | undefined, to: Date | undefined): StatisticsRange {
  const end = to ?? new Date();
  // Starts at a whole hour, so that a day has 24 of them including the current one.
  const begin = from ?? new Date(Math.ceil(end.getTime() / MS.HOUR) * MS.HOUR - DEFAULT_RANGE_MS);
  if (begin >= end) throw badInput("from", "must be before to");
  const unit = MS[interval];
  const first = Math.floor(begin.getTime() / unit) * unit;
  const last = Math.ceil(end.getTime() / unit) * unit;
  const points = (last - first) / unit;
  if (points > MOST_POINTS) {
    const advice = interval === "HOUR" ? "; ask by DAY, or for less" : "";
    throw badInput("from", `there are ${points} intervals until to, and ${MOST_POINTS} is the most${advice}`);
  }
  return { from: new Date(first), to: new Date(last), interval };
}

export interface Point extends ScanCounts {
  readonly start: Date;
}

const NONE: ScanCounts = { inconclusive: 0, clean: 0, suspicious: 0, infected: 0, bytes: 0 };

/** One point per interval, even without scans, so that charts have no gaps. */
export async function readPoints(db: Database, range: StatisticsRange): Promise<Point[]> {
  const counted = await readScanCounts(db, range, range.interval === "HOUR" ? "hour" : "day");
  const byStart = new Map(counted.map((point) => [point.start.getTime(), point]));
  const points: Point[] = [];
  for (let at = range.from.getTime(); at < range.to.getTime(); at += MS[range.interval]) {
    points.push(byStart.get(at) ?? { start: new Date(at), ...NONE });
  }
  return points;
}

export interface EngineStatisticsRecord extends EngineCounts {
  readonly durations: Buckets;
  readonly range: StatisticsRange;
}

/** An engine's answers in one interval. */
export interface EnginePoint extends EnginePointCounts {
  readonly start: Date;
  readonly durations: Buckets;
}

const NO_RESULTS = {
  clean: 0,
  suspicious: 0,
  infected: 0,
  silent: 0,
  unscanned: 0,
  failed: 0,
  timeout: 0,
  noAgent: 0,
  cancelled: 0,
};

/** The points of every engine with results in the range, one per interval, by engine id. */
export async function readPointsOfEngines(db: Database, range: StatisticsRange): Promise<Map<number, EnginePoint[]>> {
  const unit = range.interval === "HOUR" ? "hour" : "day";
  const [counts, durations] = await Promise.all([readEnginePoints(db, range, unit), readDurationPoints(db, range, unit)]);
  const place = (engineId: number, at: number) => `${engineId} ${at}`;
  const byPlace = new Map(counts.map((count) => [place(count.engineId, count.start.getTime()), count]));
  const buckets = new Map<string, { bucket: number; count: number }[]>();
  for (const { engineId, start, ...bucket } of durations) {
    const key = place(engineId, start.getTime());
    const held = buckets.get(key);
    if (held) held.push(bucket);
    else buckets.set(key, [bucket]);
  }
  const points = new Map<number, EnginePoint[]>();
  for (const engineId of new Set(counts.map((count) => count.engineId))) {
    const all: EnginePoint[] = [];
    for (let at = range.from.getTime(); at < range.to.getTime(); at += MS[range.interval]) {
      const count = byPlace.get(place(engineId, at)) ?? { engineId, start: new Date(at), ...NO_RESULTS };
      all.push({ ...count, durations: buckets.get(place(engineId, at)) ?? [] });
    }
    points.set(engineId, all);
  }
  return points;
}

export async function readEngineStatistics(db: Database, range: StatisticsRange): Promise<EngineStatisticsRecord[]> {
  const [counts, durations] = await Promise.all([readEngineCounts(db, range), readDurations(db, range)]);
  return counts.map((engine) => ({ ...engine, range, durations: durations.get(engine.engineId) ?? [] }));
}

/** The quantile of durations in milliseconds, accurate to one bucket; null if there are none. */
export function quantile(buckets: Buckets, share: number): number | null {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let left = share * total;
  for (const { bucket, count } of buckets) {
    if (left <= count) return interpolate(bucket, left / count);
    left -= count;
  }
  return null;
}

/** Assumes that durations are evenly spread within a bucket, on its logarithmic scale. */
function interpolate(bucket: number, share: number): number {
  return bucket === 0 ? share : bucketEnd(bucket - 1 + share);
}

/** The most scans that are counted in one batch. */
export const UNCOUNTED_BATCH = 2_000;

/** Adds scans that have become final to the statistics. */
export async function updateStatistics({ db }: ScanContext, batches: RowBatches): Promise<void> {
  await batches.run(({ took, ...range }) =>
    db.transaction().execute(async (tx) => {
      const scanIds = (await lockUncounted(tx, range)) ?? [];
      took(scanIds);
      if (scanIds.length > 0) await rollUp(tx, scanIds);
      return scanIds.length === range.limit;
    }),
  );
}

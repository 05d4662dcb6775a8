import type { StatisticsInterval } from "../../generated/statistics.ts";

const INTERVAL_MS: Readonly<Record<StatisticsInterval, number>> = { HOUR: 3_600_000, DAY: 86_400_000 };

export interface Range {
  /** Its name in the address. */
  readonly key: string;
  readonly label: string;
  readonly days: number;
  readonly interval: StatisticsInterval;
  /** So many points are a row of the table: it stays short. */
  readonly pointsInRow: number;
}

const DAY: Range = { key: "24h", label: "24 hours", days: 1, interval: "HOUR", pointsInRow: 1 };

export const RANGES: readonly Range[] = [
  DAY,
  { key: "7d", label: "7 days", days: 7, interval: "HOUR", pointsInRow: 24 },
  { key: "30d", label: "30 days", days: 30, interval: "DAY", pointsInRow: 1 },
  { key: "90d", label: "90 days", days: 90, interval: "DAY", pointsInRow: 7 },
];

/** The range that an address names; the last day if it names none that there is. */
export function rangeOf(key: string | null): Range {
  return RANGES.find((range) => range.key === key) ?? DAY;
}

/** When a range begins: with an hour, or with a day where its points or the rows of its table are days. What has begun counts. */
export function beginningOf({ days, key }: Range, now: number): string {
  const unit = INTERVAL_MS[key === DAY.key ? "HOUR" : "DAY"];
  return new Date(Math.ceil(now / unit) * unit - days * INTERVAL_MS.DAY).toISOString();
}

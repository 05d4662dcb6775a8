/** Options of a scan, besides classes and engines. */

/** The order in which requests are published: BULK ones wait until hardly anything else does. */
export const Priority = { NORMAL: "NORMAL", BULK: "BULK" } as const;
/** One of the names of {@link Priority}. */
export type Priority = keyof typeof Priority;

/** Labels of a scan: values by key. */
export type Labels = Readonly<Record<string, string>>;

/** Limits of these options. Lengths are characters. */
export const OPTION_LIMITS = {
  name: 1_024,
  labels: 32,
  labelKey: 64,
  labelValue: 256,
  idempotencyKey: 255,
  stopAfter: 100,
  /** Samples of one call. */
  batch: 100,
  /** Scans of a batch that grows. */
  batchTotal: 10_000,
  deadlineMs: { min: 10_000, max: 86_400_000 },
  /** 30 days. */
  freshnessMs: { min: 1_000, max: 30 * 86_400_000 },
} as const;

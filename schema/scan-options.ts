/** What a request for a scan can ask for, beside classes and engines. */

/** How a scan's requests take their turn: BULK ones wait until hardly anything else does. */
export const Priority = { NORMAL: "NORMAL", BULK: "BULK" } as const;
/** One of the names of {@link Priority}. */
export type Priority = keyof typeof Priority;

/** Labels of a scan: values by key. */
export type Labels = Readonly<Record<string, string>>;

/** The most that can be asked for. Lengths are characters. */
export const OPTION_LIMITS = {
  name: 1_024,
  labels: 32,
  labelKey: 64,
  labelValue: 256,
  idempotencyKey: 255,
  stopAfter: 100,
  batch: 100,
  deadlineMs: { min: 10_000, max: 86_400_000 },
  /** 30 days. */
  freshnessMs: { min: 1_000, max: 30 * 86_400_000 },
} as const;

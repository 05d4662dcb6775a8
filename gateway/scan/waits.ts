import type { BriefResult, ScanRecord } from "../../schema/reports.js";

/** Estimated milliseconds until a new request would start, by engine name; engines without an estimate are left out. */
export type Waits = ReadonlyMap<string, number>;

/** How long an estimate is reused. */
const USED_FOR_MS = 1_000;

/** Returns a function that reads the waits at most once a second, for all callers. */
export function createWaits(read: () => Promise<Waits>): () => Promise<Waits> {
  let readAt = -Infinity;
  let waits: Promise<Waits>;
  return () => {
    if (performance.now() - readAt >= USED_FOR_MS) {
      readAt = performance.now();
      waits = read();
    }
    return waits;
  };
}

/** Milliseconds until the last engine of a scan starts, at most; null if unknown. */
export async function estimateStart(
  { waits }: { readonly waits: () => Promise<Waits> },
  { priority }: Pick<ScanRecord, "priority">,
  results: readonly BriefResult[],
): Promise<number | null> {
  const waiting = results.filter(({ state }) => state === "QUEUED");
  if (waiting.length === 0) return 0;
  if (priority === "BULK") return null;
  const known = await waits();
  return waiting.reduce<number | null>((longest, { engine }) => {
    const wait = known.get(engine);
    return longest === null || wait === undefined ? null : Math.max(longest, wait);
  }, 0);
}

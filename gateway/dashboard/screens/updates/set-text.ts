import type { WatchUpdateSetsSubscription } from "../../generated/updates.ts";

/** A set of an engine, as this screen is told of it. */
export type UpdateSet = WatchUpdateSetsSubscription["updateSetsUpdated"][number];

/** An engine, and its set if that is not its own signatures. */
export function setText({ engine, set }: { readonly engine: string; readonly set: string }): string {
  return set === "main" ? engine : `${engine} (${set})`;
}

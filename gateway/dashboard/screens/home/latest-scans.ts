import { useCallback } from "react";
import { useSubscription } from "urql";
import { client } from "../../api/client.ts";
import { useCollected } from "../../api/collect.ts";
import { useBegun, useReopened } from "../../api/live.ts";
import { useQuestion } from "../../api/question.ts";
import {
  LatestScans,
  ScanFeed,
  WatchHomeEngines,
  type HomeEngineFragment,
  type ScanFeedSubscription,
  type ScanRowFragment,
} from "../../generated/home.ts";

const SHOWN = 15;
const NONE: readonly HomeEngineFragment[] = [];

/** Asks for them while the page does not know yet who looks at it: it has them one round trip sooner. */
export function askForLatestScans(): void {
  void client.query(LatestScans, {}).toPromise();
}

/** The newest scans, as they are now. */
export function useLatestScans() {
  // The beginning of the feed asks again.
  const [{ data, error }, again] = useQuestion({ query: LatestScans, requestPolicy: "cache-first" });
  const collect = useCallback(
    (known: readonly ScanRowFragment[] | undefined, { scanFeed }: ScanFeedSubscription) => merge(known ?? [], scanFeed.scans),
    [],
  );
  const [{ data: told }] = useSubscription({ query: ScanFeed }, collect);
  useReopened(again);
  useBegun(told !== undefined, again);
  const { entries: engines = data?.engines ?? NONE } = useCollected(
    WatchHomeEngines,
    ({ name }: HomeEngineFragment) => name,
    ({ engineChanged: { snapshot, engines: changed, gone } }) => ({ snapshot, changed, gone: gone.map(({ name }) => name) }),
  );
  return {
    scans: merge(data?.scans.nodes ?? [], told ?? []),
    engines,
    error: data === undefined ? error : undefined,
    isKnown: data !== undefined,
  };
}

/** The newest scans of both lists, each in its newest reading. */
export function merge(known: readonly ScanRowFragment[], told: readonly ScanRowFragment[]): readonly ScanRowFragment[] {
  const scans = new Map(known.map((scan) => [scan.scanId, scan]));
  for (const scan of told) {
    if (scan.revision >= (scans.get(scan.scanId)?.revision ?? -1)) scans.set(scan.scanId, scan);
  }
  return [...scans.values()].toSorted((one, other) => other.scanId - one.scanId).slice(0, SHOWN);
}

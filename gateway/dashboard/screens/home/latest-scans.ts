import { useCallback } from "react";
import { useQuery, useSubscription } from "urql";
import { useCollected } from "../../api/collect.ts";
import { useBegun, useReopened } from "../../api/live.ts";
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

/** The newest scans, as they are now. */
export function useLatestScans() {
  const [{ data, error }, ask] = useQuery({ query: LatestScans });
  const collect = useCallback(
    (known: readonly ScanRowFragment[] | undefined, { scanFeed }: ScanFeedSubscription) => merge(known ?? [], scanFeed.scans),
    [],
  );
  const [{ data: told }] = useSubscription({ query: ScanFeed }, collect);
  const askAgain = useCallback(() => ask({ requestPolicy: "network-only" }), [ask]);
  useReopened(askAgain);
  useBegun(told !== undefined, askAgain);
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

/** A sample with a page of its scans, as they are now. */

import { useCallback, useEffect } from "react";
import { useSubscription } from "urql";
import { useBegun, useReopened } from "../../api/live.ts";
import { useQuestion } from "../../api/question.ts";
import { ReadSample, WatchSample, type TimelineScanFragment, type WatchSampleSubscription } from "../../generated/sample.ts";

type ToldScan = WatchSampleSubscription["scanFeed"]["scans"][number];
type Told = ReadonlyMap<number, ToldScan>;

const NOTHING: Told = new Map();

/** Of the scans that come while one looks, so many are put before the page; then it is read again. */
const MOST_NEWCOMERS = 40;

export function useSample(hash: string, after: string | undefined) {
  const [{ data, error, fetching }, again] = useQuestion({ query: ReadSample, variables: { hash, after } });
  const collect = useCallback(
    (known: Told | undefined, { scanFeed: { scans } }: WatchSampleSubscription): Told =>
      scans.length === 0 && known ? known : new Map([...(known ?? []), ...scans.map((scan) => [scan.scanId, scan] as const)]),
    [],
  );
  const [{ data: feed }] = useSubscription({ query: WatchSample, variables: { hash } }, collect);
  useReopened(again);
  useBegun(feed !== undefined, again);

  const told = feed ?? NOTHING;
  const sample = data?.sample;
  const edges = sample?.scans.edges ?? [];
  const newest = edges[0]?.node.scanId ?? 0;
  const newcomers = after === undefined ? [...told.values()].filter(({ scanId }) => scanId > newest) : [];
  const isToBeRead = (sample === null && told.size > 0) || newcomers.length > MOST_NEWCOMERS;
  useEffect(() => {
    if (isToBeRead) again();
  }, [isToBeRead, again]);

  const scans: readonly TimelineScanFragment[] = [
    ...newcomers.toSorted((one, other) => other.scanId - one.scanId),
    ...edges.map(({ node }) => newer(node, told.get(node.scanId))),
  ];
  const latest = newcomers.length > 0 ? scans[0] : undefined;
  return {
    sample: sample && { ...sample, ...(latest && told.get(latest.scanId)?.sample) },
    edges,
    scans,
    /** How many of the scans are not of the page that was read. */
    newcomers: newcomers.length,
    error,
    fetching,
  };
}

function newer(read: TimelineScanFragment, told: ToldScan | undefined): TimelineScanFragment {
  return told !== undefined && told.revision > read.revision ? told : read;
}

import { useCallback, useEffect, useRef, useState } from "react";
import { useSubscription } from "urql";
import { askNow } from "../../api/ask-now.ts";
import { useBegun, useContinuation } from "../../api/live.ts";
import { ListScans, WatchScans, type ScanRowFragment, type WatchScansSubscription } from "../../generated/scans.ts";
import { Told } from "../../parts/status.tsx";
import type { Wanted } from "./use-page.ts";

/** More are not counted. */
const MOST_COUNTED = 1_000;

type Changed = ReadonlyMap<number, ScanRowFragment>;

interface Props {
  /** The page that is shown. */
  wanted: Wanted;
  /** The newest scan that is shown; newcomers have higher numbers. Undefined where none are counted. */
  newest: number | undefined;
  /** Told of every change, as rows that are shown may be among them. */
  onChange(scans: readonly ScanRowFragment[]): void;
  onShow(): void;
}

/** How many scans have come since: they are counted, so that no row moves under the pointer. */
export function Newcomers({ wanted, newest, onChange, onShow }: Props) {
  const cursor = useRef<string>(undefined);
  const after = useContinuation(cursor);
  const collect = useCallback((known: Changed | undefined, { scanFeed: { scans, cursor: reached } }: WatchScansSubscription) => {
    cursor.current = reached;
    return new Map([...(known ?? []), ...scans.map((scan) => [scan.scanId, scan] as const)].slice(-MOST_COUNTED));
  }, []);
  const { filter } = wanted;
  const [{ data }] = useSubscription({ query: WatchScans, variables: { filter, after } }, collect);
  useEffect(() => {
    if (data !== undefined) onChange([...data.values()]);
    // The page takes them whichever of its renderings is told.
  }, [data]);
  const [missed, setMissed] = useState<readonly ScanRowFragment[]>([]);
  const readMissed = useCallback(async () => {
    const { error, data: read } = await askNow(ListScans, { filter, after: wanted.after });
    // The list itself tells why nothing can be read.
    if (error !== undefined || read === undefined) return;
    setMissed(read.scans.nodes);
    onChange(read.scans.nodes);
    // Another page has newcomers of its own.
  }, []);
  useBegun(data !== undefined, readMissed);

  const came = new Set([...(data?.keys() ?? []), ...missed.map(({ scanId }) => scanId)]);
  const count = newest === undefined ? 0 : [...came].filter((scanId) => scanId > newest).length;
  const told = `${count >= MOST_COUNTED ? `More than ${MOST_COUNTED}` : count} new`;
  return (
    <>
      {count > 0 && (
        <button className="primary" type="button" onClick={onShow}>
          {told}
        </button>
      )}
      <Told text={count > 0 ? `${told} ${count === 1 ? "scan" : "scans"}` : ""} />
    </>
  );
}

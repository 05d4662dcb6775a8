import { useCallback, useEffect, useRef } from "react";
import { useSubscription } from "urql";
import { useContinuation } from "../../api/live.ts";
import { WatchScans, type ScanFilter, type ScanRowFragment, type WatchScansSubscription } from "../../generated/scans.ts";
import { Told } from "../../parts/status.tsx";

/** More are not counted. */
const MOST_COUNTED = 1_000;

type Changed = ReadonlyMap<number, ScanRowFragment>;

interface Props {
  filter: ScanFilter | undefined;
  /** The newest scan that is shown; newcomers have higher numbers. Undefined where none are counted. */
  newest: number | undefined;
  /** Told of every change, as rows that are shown may be among them. */
  onChange(scans: readonly ScanRowFragment[]): void;
  onShow(): void;
}

/** How many scans have come since: they are counted, so that no row moves under the pointer. */
export function Newcomers({ filter, newest, onChange, onShow }: Props) {
  const cursor = useRef<string>(undefined);
  const after = useContinuation(cursor);
  const collect = useCallback((known: Changed | undefined, { scanFeed: { scans, cursor: reached } }: WatchScansSubscription) => {
    cursor.current = reached;
    return new Map([...(known ?? []), ...scans.map((scan) => [scan.scanId, scan] as const)].slice(-MOST_COUNTED));
  }, []);
  const [{ data }] = useSubscription({ query: WatchScans, variables: { filter, after } }, collect);
  useEffect(() => {
    if (data !== undefined) onChange([...data.values()]);
    // The page takes them whichever of its renderings is told.
  }, [data]);

  const count = newest === undefined ? 0 : [...(data?.keys() ?? [])].filter((scanId) => scanId > newest).length;
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

/** One page of scans. Its rows stay where they are until it is read again; what is in them changes in place. */

import { useEffect, useState } from "react";
import { askNow } from "../../api/ask-now.ts";
import { ListScans, SearchScans, type ScanFilter, type ScanRowFragment } from "../../generated/scans.ts";
import type { ListedScan } from "../../parts/scan-table.tsx";

export interface Wanted {
  /** What is searched for, instead of a filter. */
  readonly text: string | undefined;
  readonly filter: ScanFilter | undefined;
  readonly after: string | undefined;
}

interface Page {
  readonly scans: readonly ListedScan[];
  readonly next: string | undefined;
  readonly error: Error | undefined;
}

/** `version` changes when the page is to be read again. Nothing is read while nothing is wanted. */
export function usePage(wanted: Wanted | undefined, version: string) {
  const [page, setPage] = useState<Page>();

  useEffect(() => {
    setPage(undefined);
    if (wanted === undefined) return;
    let isOver = false;
    const read = async () => {
      const { text, ...rest } = wanted;
      const found = await (text === undefined ? askNow(ListScans, rest) : askNow(SearchScans, { text, after: rest.after }));
      if (isOver) return;
      const list = found.data && ("scans" in found.data ? found.data.scans : found.data.search);
      const next = list?.pageInfo.hasNextPage ? (list.pageInfo.endCursor ?? undefined) : undefined;
      setPage({ scans: list?.nodes ?? [], next, error: found.error });
    };
    void read();
    return () => void (isOver = true);
    // What is wanted follows from the version.
  }, [version]);

  /** Takes newer readings of rows that are shown. */
  function take(newer: readonly ScanRowFragment[]): void {
    setPage((shown) => shown && { ...shown, scans: shown.scans.map((scan) => newest(scan, newer)) });
  }

  return { ...page, isLoading: wanted !== undefined && page === undefined, take };
}

/** What a feed does not tell stays as it was read. */
function newest(scan: ListedScan, readings: readonly ScanRowFragment[]): ListedScan {
  const newer = readings.find(({ scanId, revision }) => scanId === scan.scanId && revision > scan.revision);
  return newer === undefined ? scan : { ...scan, ...newer, sample: { ...scan.sample, ...newer.sample } };
}

/** How many scans a list has on all of its pages. The gateway counts up to 10,000. */

import { useEffect, useState } from "react";
import { answerTo } from "../../api/answer.ts";
import { askNow } from "../../api/ask-now.ts";
import { CountFound, CountScans, type ScanFilter } from "../../generated/scans.ts";
import type { Wanted } from "./use-page.ts";

export interface Count {
  readonly count: number;
  /** Otherwise there are more. */
  readonly isExact: boolean;
}

/** How many scans a filter has. */
export async function countScans(filter: ScanFilter): Promise<Count> {
  const { scans } = await answerTo(askNow(CountScans, { filter }));
  return { count: scans.totalCount, isExact: scans.totalCountIsExact };
}

async function countFound(text: string): Promise<Count> {
  const { search } = await answerTo(askNow(CountFound, { text }));
  return { count: search.totalCount, isExact: search.totalCountIsExact };
}

/** Undefined until it is known, null if it cannot be counted. It is counted again when the version changes. */
export function useCount(wanted: Pick<Wanted, "text" | "filter"> | undefined, version: string): Count | null | undefined {
  const [known, setKnown] = useState<{ readonly count: Count | null; readonly version: string }>();
  useEffect(() => {
    if (wanted === undefined) return;
    let isOver = false;
    const { text, filter = {} } = wanted;
    (text === undefined ? countScans(filter) : countFound(text)).then(
      (count) => !isOver && setKnown({ count, version }),
      // The list tells why nothing can be read; it is of use without its count.
      () => !isOver && setKnown({ count: null, version }),
    );
    return () => void (isOver = true);
    // What is wanted follows from the version.
  }, [version]);
  return known?.version === version ? known.count : undefined;
}

/** A number of scans in words. */
export function countText({ count, isExact }: Count): string {
  const scans = count === 1 ? "1 scan" : `${count.toLocaleString()} scans`;
  return isExact ? scans : `more than ${scans}`;
}

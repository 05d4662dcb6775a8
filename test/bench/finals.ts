/** Learns through the API which scans are final: by pages of scans from the first one that is still open. */

import type { Api } from "./api.js";

const PAGE = 100;
const SCAN = "scanId endDate verdict done total";
const PAGE_OF_SCANS = `query Page($after: String) {
  scans(first: ${PAGE}, after: $after, order: OLDEST_FIRST) { edges { cursor node { ${SCAN} } } }
}`;
const ONE_SCAN = `query One($id: SafeInt!) { scan(id: $id) { ${SCAN} } }`;

interface Scan {
  readonly scanId: number;
  readonly endDate: string | null;
  readonly verdict: string | null;
  readonly done: number;
  readonly total: number;
}

interface Page {
  readonly scans: { readonly edges: readonly { readonly cursor: string; readonly node: Scan }[] };
}

/** The scans that are open as far as is known here. */
export interface Finals {
  /** Sent, and not seen to be final. */
  open(): number;
  sent(scanId: number): void;
  /** Looks once. Throws if a scan is final without the verdict that is expected, or without all of its results. */
  look(): Promise<void>;
}

export function watchFinals(api: Api, expected: string): Finals {
  const open = new Set<number>();
  const final = new Set<number>();
  /** The last of the scans from the first on that are all final. */
  let passed: { cursor: string | null; scanId: number } = { cursor: null, scanId: 0 };

  function finish(scan: Scan): void {
    if (scan.done !== scan.total || scan.total !== 1 || scan.verdict !== expected)
      throw new Error(`scan ${scan.scanId} went wrong: ${JSON.stringify(scan)}`);
    final.add(scan.scanId);
    open.delete(scan.scanId);
  }

  async function lookFrom(cursor: string | null, allFinal: boolean): Promise<void> {
    const { edges } = (await api.query<Page>(PAGE_OF_SCANS, { after: cursor })).scans;
    let someFinal = false;
    for (const { cursor: here, node } of edges) {
      if (node.endDate === null) allFinal = false;
      else {
        someFinal = true;
        finish(node);
      }
      if (allFinal) passed = { cursor: here, scanId: node.scanId };
    }
    const last = edges.at(-1);
    if (edges.length === PAGE && someFinal && last !== undefined) await lookFrom(last.cursor, allFinal);
  }

  return {
    open: () => open.size,
    sent(scanId) {
      // The answer to its upload may be read after the page that shows it final.
      if (!final.has(scanId)) open.add(scanId);
    },
    async look() {
      await lookFrom(passed.cursor, true);
      // Numbers are not committed in their order: one may have come up behind the place where the pages begin now.
      for (const id of [...open].filter((scanId) => scanId <= passed.scanId)) {
        const { scan } = await api.query<{ scan: Scan | null }>(ONE_SCAN, { id });
        if (scan?.endDate) finish(scan);
      }
    },
  };
}

/** Scans that are repeated by the hundred, behind all others that the mesh has to do. */

import { answerTo } from "../../api/answer.ts";
import { askNow } from "../../api/ask-now.ts";
import { client } from "../../api/client.ts";
import { persist, refusalOf } from "../../api/persist.ts";
import { randomKey } from "../../api/random-key.ts";
import { ListNumbers, RescanMany, type ScanFilter } from "../../generated/scans.ts";

/** As many as are counted. */
const MOST = 10_000;

export interface Repetition {
  readonly total: number;
  readonly accepted: number;
  /** The batches that the new scans are in. */
  readonly batches: readonly number[];
  readonly refusals: readonly string[];
}

/** Repeats the scans that come, part by part, and tells after each how far it is. */
export async function repeatScans(
  parts: AsyncIterable<readonly number[]>,
  total: number,
  tell: (repetition: Repetition) => void,
  signal: AbortSignal,
): Promise<void> {
  let done: Repetition = { total, accepted: 0, batches: [], refusals: [] };
  tell(done);
  for await (const ids of parts) {
    if (signal.aborted) return;
    // The same key at each try, so that nothing is repeated twice.
    const input = { ids, priority: "BULK", idempotencyKey: randomKey() } as const;
    const { batch, refused } = await persist(async () => {
      const { rescanScans } = await answerTo(client.mutation(RescanMany, { input }).toPromise());
      if ("refused" in rescanScans) return rescanScans;
      throw refusalOf(rescanScans);
    }, signal);
    done = {
      total,
      accepted: done.accepted + (batch?.total ?? 0),
      batches: [...done.batches, ...(batch ? [batch.batchId] : [])],
      refusals: [...done.refusals, ...refused.map(({ scanId, error }) => `Scan ${scanId}: ${error.message}.`)],
    };
    tell(done);
  }
}

/** The numbers of the scans of a filter, the newest first. Scans that come meanwhile are not among them. */
export async function* scansOf(filter: ScanFilter, signal: AbortSignal): AsyncGenerator<readonly number[]> {
  for (let after: string | null = null, found = 0; found < MOST && !signal.aborted;) {
    const variables: { filter: ScanFilter; after: string | null } = { filter, after };
    const { scans } = await persist(() => answerTo(askNow(ListNumbers, variables)), signal);
    if (scans.nodes.length > 0) yield scans.nodes.map(({ scanId }) => scanId);
    if (!scans.pageInfo.hasNextPage) return;
    after = scans.pageInfo.endCursor;
    found += scans.nodes.length;
  }
}

/** The numbers of scans that were chosen one by one. */
export async function* chosenScans(ids: ReadonlySet<number>): AsyncGenerator<readonly number[]> {
  yield [...ids];
}

import { useSubscription } from "urql";
import { Link } from "wouter";
import { WatchBatch } from "../../generated/submit.ts";

const VERDICTS = [
  ["infected", "INFECTED"],
  ["suspicious", "SUSPICIOUS"],
  ["inconclusive", "INCONCLUSIVE"],
  ["clean", "CLEAN"],
] as const;

/** How far the scans of a batch are, live, and where they are listed. */
export function BatchProgress({ batchId }: { batchId: number }) {
  const [{ data }] = useSubscription({ query: WatchBatch, variables: { id: batchId } });
  const batch = data?.batchUpdated;
  const list = `/scans?batch=${batchId}`;
  return (
    <div className="row" role="group" aria-label={`Batch ${batchId}`}>
      <Link className="button" href={list}>
        Scans of batch {batchId}
      </Link>
      {batch && batch.total > 0 && (
        <>
          <span>
            {batch.counts.final} of its {batch.total} scans have ended
          </span>
          <progress aria-label={`Scanned of batch ${batchId}`} max={Math.max(1, batch.total)} value={batch.counts.final} />
          {VERDICTS.map(
            ([count, verdict]) =>
              batch.counts[count] > 0 && (
                <Link key={verdict} href={`${list}&verdict=${verdict}`}>
                  {batch.counts[count]} {count}
                </Link>
              ),
          )}
        </>
      )}
    </div>
  );
}

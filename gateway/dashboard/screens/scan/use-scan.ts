import { useQuery, useSubscription } from "urql";
import { useNewest } from "../../api/live.ts";
import { ReadScan, WatchScan, type ScanReportFragment } from "../../generated/scan.ts";

/** A scan as it is now, also after its end: engines may find something later. `isMissing`: there is none of that number, or no more. */
export function useScan(id: number) {
  const [{ data, error, fetching }] = useQuery({ query: ReadScan, variables: { id } });
  const [{ data: told }] = useSubscription({ query: WatchScan, variables: { id }, pause: !data?.scan });
  const scan = useNewest<ScanReportFragment>(String(id), data?.scan, told?.scanUpdated);
  return { scan, error, isMissing: !fetching && data?.scan === null };
}

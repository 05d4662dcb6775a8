import { useQuery, useSubscription } from "urql";
import { useNewest } from "../../api/live.ts";
import { ReadScan, WatchScan, type ScanReportFragment } from "../../generated/scan.ts";

/** A scan as it is now. `isMissing`: there is none of that number, or no more. */
export function useScan(id: number) {
  const [{ data, error, fetching }, ask] = useQuery({ query: ReadScan, variables: { id } });
  const isOpen = data?.scan?.endDate === null;
  const [{ data: told }] = useSubscription({ query: WatchScan, variables: { id }, pause: !isOpen });
  const scan = useNewest<ScanReportFragment>(String(id), data?.scan, told?.scanUpdated);
  return { scan, error, isMissing: !fetching && data?.scan === null, again: () => ask({ requestPolicy: "network-only" }) };
}

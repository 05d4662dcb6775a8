import { useEffect } from "react";
import { useSubscription } from "urql";
import { WatchRow, type ScanRowFragment } from "../../generated/scans.ts";

interface Props {
  scanId: number;
  onChange(scans: readonly ScanRowFragment[]): void;
}

/** Follows an open scan of the list until it has ended: the feed tells neither how far it is, nor that it has left the filter. */
export function OpenRow({ scanId, onChange }: Props) {
  const [{ data }] = useSubscription({ query: WatchRow, variables: { id: scanId } });
  const scan = data?.scanUpdated;
  useEffect(() => {
    if (scan !== undefined) onChange([scan]);
    // The page takes it whichever of its renderings is told.
  }, [scan]);
  return null;
}

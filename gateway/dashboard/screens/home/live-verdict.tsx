import { useEffect, useState } from "react";
import { useClient } from "urql";
import { WatchVerdict, type WatchVerdictSubscription } from "../../generated/submit.ts";
import { Verdict } from "../../parts/verdict.tsx";

type Scan = WatchVerdictSubscription["scanUpdated"];

/** The verdict of a scan that was asked for here, followed until it has ended. */
export function LiveVerdict({ scanId }: { scanId: number }) {
  const client = useClient();
  const [scan, setScan] = useState<Scan | "deleted">();
  useEffect(() => {
    const { unsubscribe } = client.subscription(WatchVerdict, { id: scanId }).subscribe(({ data, error, hasNext }) => {
      const told = data?.scanUpdated;
      // The gateway ends it with the scan, or when it is deleted.
      const isGone = error?.graphQLErrors[0]?.extensions["code"] === "NOT_FOUND" || (told?.endDate === null && !hasNext);
      setScan(isGone ? "deleted" : told);
    });
    return unsubscribe;
  }, [client, scanId]);
  if (scan === "deleted") return <span className="soft">Deleted</span>;
  return (
    <span>
      <Verdict verdict={scan?.verdict ?? null} />
    </span>
  );
}

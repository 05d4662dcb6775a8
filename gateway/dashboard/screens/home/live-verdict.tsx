import { useSubscription } from "urql";
import { WatchVerdict } from "../../generated/submit.ts";
import { Verdict } from "../../parts/verdict.tsx";

/** The verdict of a scan that was asked for here, followed until it has ended. */
export function LiveVerdict({ scanId }: { scanId: number }) {
  const [{ data, error, fetching }] = useSubscription({ query: WatchVerdict, variables: { id: scanId } });
  const scan = data?.scanUpdated;
  // The gateway ends it with the scan, or when it is deleted.
  const isDeleted = error?.graphQLErrors[0]?.extensions["code"] === "NOT_FOUND" || (scan?.endDate === null && !fetching);
  if (isDeleted) return <span className="soft">Deleted</span>;
  return (
    <span>
      <Verdict verdict={scan?.verdict ?? null} />
    </span>
  );
}

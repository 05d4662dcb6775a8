import { useQuery } from "urql";
import { Link } from "wouter";
import { ReadNewerScan, type ScanReportFragment } from "../../generated/scan.ts";
import { Ago } from "../../parts/measure.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Verdict } from "../../parts/verdict.tsx";

/** The newest scan of the same content, if it is newer than this one. */
export function NewerScan({ scan: { scanId, sample } }: { scan: ScanReportFragment }) {
  const { sha256 } = sample;
  const [{ data }] = useQuery({ query: ReadNewerScan, variables: { sha256 }, requestPolicy: "cache-and-network" });
  const newest = data?.sample?.latestScan;
  if (!newest || newest.scanId <= scanId) return null;
  return (
    <Notice tone="running">
      This file was scanned again <Ago at={newest.startDate} />: <Link href={`/scan/${newest.scanId}`}>scan {newest.scanId}</Link>{" "}
      <Verdict verdict={newest.verdict} />
    </Notice>
  );
}

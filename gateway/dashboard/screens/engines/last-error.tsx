import { useQuery } from "urql";
import { Link } from "wouter";
import { LastError as ReadLastError } from "../../generated/engines.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";

/** Why an engine failed last, with the scan in which it did. */
export function LastError({ engine, since }: { engine: string; since: string }) {
  const [{ data }] = useQuery({ query: ReadLastError, variables: { engine, since }, requestPolicy: "cache-and-network" });
  const scan = data?.scans.nodes[0];
  const result = scan?.results.find((one) => one.engine === engine);
  if (scan === undefined || result === undefined) return null;
  return (
    <p className="small">
      Its last error, <Ago at={scan.endDate ?? scan.startDate} />:{" "}
      <Name text={result.error ?? result.causeText ?? result.state} />{" "}
      <Link href={`/scan/${scan.scanId}`}>Scan {scan.scanId}</Link>
    </p>
  );
}

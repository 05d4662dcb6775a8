import "./scan.css";
import { useParams } from "wouter";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/notice.tsx";
import { NewerScan } from "./newer-scan.tsx";
import { ResultTable } from "./result-table.tsx";
import { ScanActions } from "./scan-actions.tsx";
import { ScanFacts } from "./scan-facts.tsx";
import { ScanHead } from "./scan-head.tsx";
import { SkippedEngines } from "./skipped-engines.tsx";
import { useScan } from "./use-scan.ts";
import { useWaits } from "./use-waits.ts";

export default function Scan() {
  const { id = "" } = useParams<{ id: string }>();
  const number = /^\d{1,15}$/.test(id) ? Number(id) : undefined;
  if (number === undefined) return <Missing id={id} />;
  return <Report id={number} />;
}

function Report({ id }: { id: number }) {
  const { scan, error, isMissing } = useScan(id);
  if (isMissing) return <Missing id={String(id)} />;
  if (scan === undefined)
    return error ? <Problem error={error} what="The report could not be read." /> : <p className="soft">Loading …</p>;
  return <Found scan={scan} />;
}

function Found({ scan }: { scan: ScanReportFragment }) {
  const waits = useWaits(scan);
  return (
    <article className="stack">
      <ScanHead scan={scan} waits={waits} />
      <NewerScan key={scan.scanId} scan={scan} />
      <ScanActions scan={scan} />
      <ResultTable scan={scan} waits={waits} />
      <SkippedEngines skipped={scan.skipped} />
      <ScanFacts scan={scan} />
    </article>
  );
}

function Missing({ id }: { id: string }) {
  return <Empty title={`There is no scan ${id.slice(0, 20)}`}>It may have been deleted, or the number is wrong.</Empty>;
}

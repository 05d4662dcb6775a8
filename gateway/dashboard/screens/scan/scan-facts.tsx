import { Link } from "wouter";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { Copy } from "../../parts/copy.tsx";
import { durationText, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";

/** The sample's hashes, and how the scan was asked for. */
export function ScanFacts({ scan }: { scan: ScanReportFragment }) {
  const { sample, startDate, endDate, deadline, previous, batch, labels } = scan;
  return (
    <section className="card stack" aria-labelledby="facts">
      <h2 id="facts">Scan {scan.scanId}</h2>
      <dl className="facts">
        {(["sha256", "sha1", "md5"] as const).map((hash) => (
          <div key={hash} className="fact">
            <dt>{hash}</dt>
            <dd className="copy-line">
              <code>{sample[hash]}</code>
              <Copy text={sample[hash]} what={hash} />
            </dd>
          </div>
        ))}
        <Fact label="Accepted" value={<Time at={startDate} />} />
        {endDate === null ? (
          <Fact label="Ends at the latest" value={<Time at={deadline} />} />
        ) : (
          <Fact label="Took" value={durationText(Date.parse(endDate) - Date.parse(startDate))} />
        )}
        <Fact label="Speed" value={scan.speed === "ALL" ? "every engine" : `${scan.speed.toLowerCase()} and faster`} />
        <Fact label="Internet" value={scan.internet ? "allowed" : "not allowed"} />
        {scan.priority === "BULK" && <Fact label="Priority" value="bulk: it waits until engines have time" />}
        {scan.stopAfter !== null && <Fact label="Stops after" value={`${scan.stopAfter} detections`} />}
        {previous && <Fact label="Repeats" value={<Link href={`/scan/${previous.scanId}`}>scan {previous.scanId}</Link>} />}
        {batch && <Fact label="Batch" value={<Link href={`/scans?batch=${batch.batchId}`}>{batch.batchId}</Link>} />}
        {labels.length > 0 && (
          <Fact label="Labels" value={<Name text={labels.map(({ key, value }) => `${key}=${value}`).join(", ")} />} />
        )}
      </dl>
    </section>
  );
}

function Fact({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

import { Link } from "wouter";
import type { TimelineScanFragment } from "../../generated/sample.ts";
import { Ago, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Outcome, Verdict } from "../../parts/verdict.tsx";
import { changesBetween, type Change } from "./changes.ts";

/** More changes of one scan are a new set of engines: the report has them. */
const SHOWN_CHANGES = 30;

interface Props {
  /** The newest first. */
  scans: readonly TimelineScanFragment[];
  /** How many of them are shown; one more is there for what has changed since. */
  count: number;
}

/** The scans of a sample, each with what changed since the one before. */
export function Timeline({ scans, count }: Props) {
  return (
    <ol className="timeline">
      {scans.slice(0, count).map((scan, index) => {
        const { scanId, verdict, detections, total, startDate, name } = scan;
        return (
          <li key={scanId} className="stack">
            <div className="row">
              <Verdict verdict={verdict} />
              <Link href={`/scan/${scanId}`}>Scan {scanId}</Link>
              <span>
                {detections} of {total} detect it
              </span>
              <span className="soft">
                <Ago at={startDate} /> · <Time at={startDate} />
              </span>
              <Name text={name} className="soft" />
            </div>
            <Changes scan={scan} before={scans[index + 1]} />
          </li>
        );
      })}
    </ol>
  );
}

function Changes({ scan, before }: { scan: TimelineScanFragment; before: TimelineScanFragment | undefined }) {
  if (before === undefined) return <p className="small soft">The first scan</p>;
  if (scan.endDate === null) return <p className="small soft">What has changed is told when it is final.</p>;
  const changes = changesBetween(before.results, scan.results);
  if (changes.length === 0) return <p className="small soft">Every engine answered as before.</p>;
  return (
    <ul className="changes" aria-label={`Changes since scan ${before.scanId}`}>
      {changes.slice(0, SHOWN_CHANGES).map((change) => (
        <li key={change.engine} className="row">
          <strong>
            <Name text={change.engine} />
          </strong>
          <Answer result={change.before} />
          <span aria-hidden="true">→</span>
          <span className="unseen">became</span>
          <Answer result={change.after} />
        </li>
      ))}
      {changes.length > SHOWN_CHANGES && <li className="soft">and {changes.length - SHOWN_CHANGES} more</li>}
    </ul>
  );
}

function Answer({ result }: { result: Change["before"] }) {
  if (result === undefined) return <span className="soft">not asked</span>;
  return (
    <span className="row">
      <Outcome state={result.state} verdict={result.verdict} />
      {result.signature !== null && <Name text={result.signature} />}
    </span>
  );
}

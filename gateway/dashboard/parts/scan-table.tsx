import { memo, type ReactNode } from "react";
import { Link } from "wouter";
import { visibleText } from "../../../schema/visible-text.ts";
import type { ScanRowFragment } from "../generated/home.ts";
import type { ListedScanFragment } from "../generated/scans.ts";
import { Ago, bytesText } from "./measure.tsx";
import { Name } from "./name.tsx";
import { useNarrow } from "./narrow.ts";
import { ScrollX } from "./scroll-x.tsx";
import { Verdict, verdictWord } from "./verdict.tsx";

interface Selection {
  readonly selected: ReadonlySet<number>;
  onSelect(selected: ReadonlySet<number>): void;
}

/** A scan of a list or of a feed: a feed tells less. */
export type ListedScan = ScanRowFragment &
  Partial<Pick<ListedScanFragment, "stale" | "errors">> & {
    readonly sample: Partial<Pick<ListedScanFragment["sample"], "latestScan">>;
  };

interface Props {
  scans: readonly ListedScan[];
  caption: string;
  /** The time that is shown: the one by which they are ordered. */
  time?: "startDate" | "endDate";
  /** Where rows can be selected. */
  selection?: Selection;
}

/** Scans as rows; each leads to its report. */
export function ScanTable({ scans, caption, time = "startDate", selection }: Props) {
  const isNarrow = useNarrow();
  const all = scans.map(({ scanId }) => scanId);
  return (
    <ScrollX>
      <table className="scans">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {selection && (
              <th scope="col">
                <Select what="all scans of this page" ids={all} {...selection} />
              </th>
            )}
            <th scope="col">Verdict</th>
            <th scope="col">Name</th>
            <th scope="col" className="number wide">
              Detections
            </th>
            <th scope="col" className="wide">
              Engines
            </th>
            <th scope="col" className="number wide">
              Size
            </th>
            <th scope="col" className="wide">
              Type
            </th>
            <th scope="col" className="wide">
              {time === "startDate" ? "Accepted" : "Ended"}
            </th>
          </tr>
        </thead>
        <tbody>
          {scans.map((scan) => (
            <Row
              key={scan.scanId}
              scan={scan}
              isNarrow={isNarrow}
              time={time}
              select={
                selection && <Select what={`scan ${scan.scanId}, ${visibleText(scan.name)}`} ids={[scan.scanId]} {...selection} />
              }
            />
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

function Select({ what, ids, selected, onSelect }: Selection & { what: string; ids: readonly number[] }) {
  const isSelected = ids.every((id) => selected.has(id));
  return (
    <label className="select">
      <input
        type="checkbox"
        checked={isSelected}
        onChange={() => onSelect(new Set(isSelected ? [...selected].filter((id) => !ids.includes(id)) : [...selected, ...ids]))}
      />
      <span className="unseen">Select {what}</span>
    </label>
  );
}

interface RowProps {
  readonly scan: ListedScan;
  readonly isNarrow: boolean;
  readonly time: "startDate" | "endDate";
  readonly select: ReactNode;
}

/** Drawn again only when its scan has changed: hundreds of others may in a second. */
const Row = memo(function Row({ scan, isNarrow, time, select }: RowProps) {
  const at = scan[time];
  const { stale = false, errors = 0 } = scan;
  const { latestScan } = scan.sample;
  return (
    <tr>
      {select && <td>{select}</td>}
      <td>
        <Verdict verdict={scan.verdict} />
      </td>
      <td>
        <Link href={`/scan/${scan.scanId}`}>
          <Name text={scan.name} />
        </Link>
        {stale && (
          <>
            {" "}
            <span className="chip tone-doubt">old signatures</span>
          </>
        )}
        {latestScan && latestScan.scanId > scan.scanId && (
          <div className="small soft">
            scanned again: <Link href={`/scan/${latestScan.scanId}`}>scan {latestScan.scanId}</Link>,{" "}
            {verdictWord(latestScan.verdict).toLowerCase()}
          </div>
        )}
        {isNarrow && (
          <div className="small soft">
            {scan.endDate === null ? `${scan.done} of ${scan.total} have ended` : `${scan.detections} of ${scan.total} detect it`}
            {at && (
              <>
                {" · "}
                <Ago at={at} />
              </>
            )}
          </div>
        )}
      </td>
      <td className="number wide">{scan.detections}</td>
      <td className="wide">{scan.endDate === null || errors > 0 ? `${scan.done - errors} of ${scan.total}` : scan.total}</td>
      <td className="number wide">{bytesText(scan.sample.size)}</td>
      <td className="wide">
        <Name text={scan.sample.mime} />
      </td>
      <td className="wide">{at && <Ago at={at} />}</td>
    </tr>
  );
});

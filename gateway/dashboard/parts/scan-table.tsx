import { Link } from "wouter";
import type { ScanRowFragment } from "../generated/home.ts";
import { Ago, bytesText } from "./measure.tsx";
import { Name } from "./name.tsx";
import { Verdict } from "./verdict.tsx";

/** Scans as rows; each leads to its report. */
export function ScanTable({ scans, caption }: { scans: readonly ScanRowFragment[]; caption: string }) {
  return (
    <div className="scroll-x">
      <table className="scans">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Verdict</th>
            <th scope="col">Name</th>
            <th scope="col" className="number">
              Detections
            </th>
            <th scope="col">Engines</th>
            <th scope="col" className="number wide">
              Size
            </th>
            <th scope="col" className="wide">
              Type
            </th>
            <th scope="col">Accepted</th>
          </tr>
        </thead>
        <tbody>
          {scans.map((scan) => (
            <tr key={scan.scanId}>
              <td>
                <Verdict verdict={scan.verdict} />
              </td>
              <td>
                <Link href={`/scan/${scan.scanId}`}>
                  <Name text={scan.name} />
                </Link>
              </td>
              <td className="number">{scan.detections}</td>
              <td>
                {scan.done} of {scan.total}
              </td>
              <td className="number wide">{bytesText(scan.sample.size)}</td>
              <td className="wide">
                <Name text={scan.sample.mime} />
              </td>
              <td>
                <Ago at={scan.startDate} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

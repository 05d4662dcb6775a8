import type { ScanReportFragment } from "../../generated/scan.ts";
import { AddClamav } from "../../parts/add-clamav.tsx";

/** The harmless file that antivirus programs agree to report. */
const EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
const ADVICE: Readonly<Record<string, string>> = {
  INFECTED: "Do not open it.",
  SUSPICIOUS: "Do not open it unless you know for certain what it is.",
  INCONCLUSIVE: "We do not know whether it is harmful: do not open it.",
};

/** What the verdict means for whoever has the file, and what to do next. */
export function Advice({ scan: { verdict, sample, results, endDate } }: { scan: ScanReportFragment }) {
  const isTestFile = sample.sha256 === EICAR;
  const lacksAntivirus = endDate !== null && verdict === "INCONCLUSIVE" && !results.some(({ type }) => type === "AV");
  return (
    <div className="small">
      <div>
        {isTestFile
          ? "This is only the EICAR test file: it is harmless, and engines report it to show that they work."
          : ADVICE[verdict ?? ""]}
      </div>
      {lacksAntivirus && (
        <div>
          <AddClamav /> Then scan the file again.
        </div>
      )}
      <details>
        <summary>What the verdicts mean</summary>
        <dl className="facts">
          <div className="fact">
            <dt>Infected</dt>
            <dd>At least one engine says that it is malware.</dd>
          </div>
          <div className="fact">
            <dt>Suspicious</dt>
            <dd>No engine says so, but at least one finds it suspicious.</dd>
          </div>
          <div className="fact">
            <dt>Clean</dt>
            <dd>An antivirus engine took part, and all that did scanned the whole file and found nothing.</dd>
          </div>
          <div className="fact">
            <dt>Inconclusive</dt>
            <dd>Nothing was found, but that proves nothing: no antivirus engine took part, or an engine could not finish.</dd>
          </div>
        </dl>
      </details>
    </div>
  );
}

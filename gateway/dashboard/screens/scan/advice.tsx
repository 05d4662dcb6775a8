import { useMay } from "../../app/viewer.ts";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { AddClamav } from "../../parts/add-clamav.tsx";

/** What the verdict means for whoever has the file, and what to do next. */
export function Advice({ scan: { verdict, proof, results, endDate } }: { scan: ScanReportFragment }) {
  const isAdmin = useMay("ADMIN");
  // Into what is encrypted, no engine looks.
  const wouldHelp = !results.some(({ type, cause }) => type === "AV" || cause === "ENCRYPTED");
  const lacksAntivirus = endDate !== null && verdict === "INCONCLUSIVE" && wouldHelp;
  return (
    <div className="small">
      {proof.advice !== null && <div>{proof.advice}</div>}
      {lacksAntivirus && isAdmin && (
        <div>
          <AddClamav />
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
            <dd>
              Nothing was found, but that proves nothing: no antivirus engine took part, or one could not look at all of it, as
              when it is encrypted.
            </dd>
          </div>
        </dl>
      </details>
    </div>
  );
}

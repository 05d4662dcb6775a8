import { useState } from "react";
import { useMutation } from "urql";
import { visibleText } from "../../../../schema/visible-text.ts";
import { go } from "../../app/location.ts";
import { useMay } from "../../app/viewer.ts";
import { CancelScan, Rescan, type ScanReportFragment } from "../../generated/scan.ts";
import { Copy } from "../../parts/copy.tsx";
import { Problem } from "../../parts/notice.tsx";
import { SaveButton } from "../../parts/save-button.tsx";

/** What can be done with a scan. */
export function ScanActions({ scan: { scanId, endDate, name, proof } }: { scan: ScanReportFragment }) {
  const mayWrite = useMay("SCAN_WRITE");
  const [{ fetching: isCancelling }, cancel] = useMutation(CancelScan);
  const [{ fetching: isRescanning }, rescan] = useMutation(Rescan);
  const [problem, setProblem] = useState<Error>();

  const stop = async () => {
    const { data, error } = await cancel({ id: scanId });
    setProblem(error ?? refusalIn(data?.cancelScan));
  };
  const repeat = async () => {
    const { data, error } = await rescan({ id: scanId });
    if (data && "scan" in data.rescan) go(`/scan/${data.rescan.scan.scanId}`);
    else setProblem(error ?? refusalIn(data?.rescan));
  };

  return (
    <div className="stack">
      <div className="row">
        {mayWrite && endDate === null && (
          <button type="button" disabled={isCancelling} onClick={() => void stop()}>
            Stop this scan
          </button>
        )}
        {mayWrite && (
          <button type="button" disabled={isRescanning} onClick={() => void repeat()}>
            Scan again
          </button>
        )}
        <SaveButton path={`api/v1/sample/${scanId}`} name={`scan-${scanId}.json`} of="of this report">
          JSON
        </SaveButton>
        <Copy text={location.href} what="to this report" label="Copy link" />
        <Copy
          text={`${visibleText(name)}\n${proof.text}\n${location.href}`}
          what="of the verdict with its link"
          label="Copy as text"
        />
      </div>
      {problem && <Problem error={problem} />}
    </div>
  );
}

function refusalIn(answer: object | undefined): Error | undefined {
  return answer !== undefined && "message" in answer ? new Error(String(answer.message)) : undefined;
}

import { useState } from "react";
import { useMutation } from "urql";
import { address } from "../../api/address.ts";
import { go } from "../../app/location.ts";
import { useMay } from "../../app/viewer.ts";
import { CancelScan, Rescan, type ScanReportFragment } from "../../generated/scan.ts";
import { Copy } from "../../parts/copy.tsx";
import { Problem } from "../../parts/notice.tsx";

/** What can be done with a scan. */
export function ScanActions({ scan: { scanId, endDate, name } }: { scan: ScanReportFragment }) {
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
        <a
          className="button"
          href={address(`api/v1/sample/${scanId}`)}
          download={`scan-${scanId}.json`}
          aria-label={`Report of ${name} as JSON`}
        >
          JSON
        </a>
        <Copy text={location.href} what="to this report" label="Copy link" />
      </div>
      {problem && <Problem error={problem} />}
    </div>
  );
}

function refusalIn(answer: object | undefined): Error | undefined {
  return answer !== undefined && "message" in answer ? new Error(String(answer.message)) : undefined;
}

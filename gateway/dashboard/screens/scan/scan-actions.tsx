import { useState } from "react";
import { useMutation } from "urql";
import { visibleText } from "../../../../schema/visible-text.ts";
import { go } from "../../app/location.ts";
import { useMay } from "../../app/viewer.ts";
import type { ScanFilter } from "../../generated/download.ts";
import { CancelScan, Rescan, type ScanReportFragment } from "../../generated/scan.ts";
import { Copy } from "../../parts/copy.tsx";
import { DownloadButton } from "../../parts/download-button.tsx";
import { Problem } from "../../parts/notice.tsx";
import { SaveButton } from "../../parts/save-button.tsx";

/** What can be done with a scan. */
export function ScanActions({ scan }: { scan: ScanReportFragment }) {
  const { scanId, endDate, name, proof, sample } = scan;
  const link = new URL(`#/scan/${scanId}`, location.href).href;
  const said = proof.advice === null ? proof.text : `${proof.text}\n${proof.advice}`;
  const asText = [visibleText(name), `sha256 ${sample.sha256}`, said, link].join("\n");
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
        {mayWrite && (
          <button type="button" disabled={isRescanning} onClick={() => void repeat()}>
            Scan again
          </button>
        )}
        {/* When it goes, nothing that changes something takes its place. */}
        {mayWrite && endDate === null && (
          <button type="button" disabled={isCancelling} onClick={() => void stop()}>
            Stop this scan
          </button>
        )}
        <SaveButton path={`api/v1/sample/${scanId}`} name={`scan-${scanId}.json`} of="of this report">
          JSON
        </SaveButton>
        <DownloadButton input={{ filter: onlyThis(scan) }} of="of this report">
          CSV
        </DownloadButton>
        <Copy text={link} what="to this report" label="Copy link" />
        <Copy text={asText} what="of the verdict with its link" label="Copy as text" />
      </div>
      {problem && <Problem error={problem} />}
    </div>
  );
}

/** A filter that lists this scan: no other has the same sample and name and was accepted in the same millisecond. */
function onlyThis({ sample, name, startDate }: ScanReportFragment): ScanFilter {
  const until = new Date(Date.parse(startDate) + 1).toISOString();
  return { hashes: [sample.sha256], names: [name], started: { since: startDate, until } };
}

function refusalIn(answer: object | undefined): Error | undefined {
  return answer !== undefined && "message" in answer ? new Error(String(answer.message)) : undefined;
}

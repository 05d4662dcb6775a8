import type { Barrier, ListedResult, ScanProof, ScanRecord } from "../../schema/reports.js";
import { isFinal } from "../../schema/states.js";
import { adviceText, type AdvisedScan } from "./advice.js";
import { barrierText, proofText, type ProvenResult, type ProvenScan } from "./proof-text.js";

/** Whether a scan's verdict is based on any signatures that were too old. */
export function isScanStale(results: readonly Pick<ListedResult, "stale">[]): boolean {
  return results.some(({ stale }) => stale);
}

/** Why a scan has its verdict. `scan_verdict` in Postgres decides the verdict itself from the same facts. */
export function proveVerdict(
  scan: ProvenScan & AdvisedScan & Pick<ScanRecord, "skipped">,
  results: readonly ProvenResult[],
): ScanProof {
  const antivirus = results.filter(({ type }) => type === "AV");
  const isDetection = ({ verdict }: ProvenResult) => verdict === "INFECTED" || verdict === "SUSPICIOUS";
  const barring = results.filter(
    (result) => result.barsClean || (result.type === "AV" && isFinal(result.state) && result.verdict === null),
  );
  const leftOut = scan.skipped.filter(({ reason }) => reason === "UNHEALTHY");
  const barriers = [
    ...barring.map(({ engine, state, cause, error }) => ({ engine, state, cause, error })),
    ...leftOut.filter(({ barsClean }) => barsClean).map(({ engine }) => ({ engine, state: null, cause: null, error: null })),
  ].map((barrier): Barrier => ({ ...barrier, text: barrierText(barrier) }));
  return {
    detectedBy: results.filter(isDetection).map(({ engine }) => engine),
    cleanBy: antivirus.filter(({ verdict }) => verdict === "CLEAN").map(({ engine }) => engine),
    antivirusAsked: antivirus.length > 0,
    barriers,
    absent: leftOut.filter(({ barsClean }) => !barsClean).map(({ engine }) => engine),
    text: proofText(scan, results, barriers),
    advice: adviceText(scan, results),
  };
}

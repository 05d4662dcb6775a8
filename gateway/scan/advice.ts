/** What a verdict means for the owner of the file, and what to do about it. All of this wording is here. */

import type { ResultRecord, SampleRecord, ScanRecord } from "../../schema/reports.js";
import type { ResultCause, Verdict } from "../../schema/states.js";

/** The harmless file that antivirus programs agree to report. */
const EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
const ADVICE: Readonly<Record<Verdict, string | null>> = {
  INFECTED: "Do not open it.",
  SUSPICIOUS: "Do not open it unless you know for certain what it is.",
  INCONCLUSIVE: "We do not know whether it is harmful: do not open it.",
  CLEAN: null,
};

const SCAN_CONTENT = "without opening what comes out, and scan that";

/** The parts of a scan that the advice depends on. */
export interface AdvisedScan extends Pick<ScanRecord, "verdict" | "endDate"> {
  readonly sample: Pick<SampleRecord, "sha256">;
}

/** Null if there is nothing to do: the scan is CLEAN or has no verdict yet. */
export function adviceText(
  { verdict, endDate, sample }: AdvisedScan,
  results: readonly Pick<ResultRecord, "cause" | "type">[],
): string | null {
  if (verdict === null) return null;
  if (sample.sha256 === EICAR && verdict !== "CLEAN" && verdict !== "INCONCLUSIVE")
    return "This is only the EICAR test file: it is harmless, and engines report it to show that they work.";
  const advice = ADVICE[verdict];
  if (verdict !== "INCONCLUSIVE" || endDate === null) return advice;
  const has = (wanted: ResultCause) => results.some(({ cause }) => cause === wanted);
  if (has("ENCRYPTED")) return `${advice} It is encrypted: unpack it with its password, ${SCAN_CONTENT}.`;
  if (results.some(({ type }) => type === "AV")) return advice;
  const unpacking = has("UNSUPPORTED_TYPE") ? `, or unpack it, ${SCAN_CONTENT}` : "";
  return `${advice} Add an antivirus engine such as ClamAV, and scan it again${unpacking}.`;
}

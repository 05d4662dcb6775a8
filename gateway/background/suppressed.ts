import type { Detection } from "../../schema/detection.js";
import { CUT, joinNames } from "../../schema/signature-names.js";
import { bareSignature, type Suppressed } from "../../schema/suppressed.js";
import type { Database } from "../db/database.js";
import type { IncomingResult } from "../db/results.js";
import { findSuppressions, type LiveSuppression } from "../db/suppressions.js";

/** Takes suppressed detections out of the results. Postgres is queried only if there are detections. */
export async function judgeSuppressed(db: Database, results: readonly IncomingResult[]): Promise<readonly IncomingResult[]> {
  const found = results.flatMap(detectionsOf).map(({ signature }) => signature);
  if (found.length === 0) return results;
  const live = await findSuppressions(db, found);
  return live.length === 0 ? results : results.map((result) => withoutSuppressed(result, live));
}

function detectionsOf({ verdict, signature, detections }: IncomingResult): readonly Detection[] {
  if (verdict !== "INFECTED" && verdict !== "SUSPICIOUS") return [];
  if (detections !== undefined && detections.length > 0) return detections;
  return signature === null ? [] : [{ signature, verdict }];
}

/**
 * If everything that a result found is suppressed, it is not a detection any more. If the engine reports only its first finding, it becomes
 * UNSCANNED, because nobody knows what else is in the sample. Results with suppressions are never reused by a later scan.
 */
export function withoutSuppressed(result: IncomingResult, live: readonly LiveSuppression[]): IncomingResult {
  const reasonOf = ({ signature }: Detection) =>
    live.find((one) => one.signature === bareSignature(signature) && (one.engine ?? result.engine) === result.engine)?.reason;
  const found = detectionsOf(result);
  const suppressed = found.flatMap((one): Suppressed[] => {
    const reason = reasonOf(one);
    return reason === undefined ? [] : [{ signature: one.signature, reason }];
  });
  if (suppressed.length === 0) return result;
  const judged = { ...result, suppressed, fingerprint: undefined };
  if (result.detections === undefined || result.detections.length === 0)
    return { ...judged, state: "UNSCANNED", verdict: null, signature: null, cause: "SUPPRESSED", error: errorOf(suppressed) };
  const left = found.filter((one) => reasonOf(one) === undefined);
  const worst = (["INFECTED", "SUSPICIOUS"] as const).find((verdict) => left.some((one) => one.verdict === verdict)) ?? null;
  const names = new Set(suppressed.map(({ signature }) => signature));
  const listed = (result.signature ?? "").split(", ").filter((name) => name !== "" && !names.has(name));
  return { ...judged, verdict: worst, signature: listNames(listed, left) };
}

/** The remaining names. If the list was cut, detections that it left out move up. */
function listNames(listed: readonly string[], left: readonly Detection[]): string | null {
  const isCut = listed.at(-1) === CUT;
  const names = isCut ? [...listed.slice(0, -1), ...left.map(({ signature }) => signature)] : listed;
  return joinNames([...new Set(names)], isCut);
}

function errorOf(suppressed: readonly Suppressed[]): string {
  return `suppressed: ${suppressed.map(({ signature, reason }) => `${signature} (${reason})`).join(", ")}`;
}

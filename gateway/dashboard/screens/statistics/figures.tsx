import { Link } from "wouter";
import { failsOften } from "../../parts/engine-rates.ts";
import { detectionShare, durationText, percentText } from "../../parts/measure.tsx";
import { ERRORS, scansAddress, type ScansBehind } from "../../parts/scans-address.ts";

/** What an engine answers when it found something. */
export const DETECTIONS = ["INFECTED", "SUSPICIOUS"];

/** A number that leads to its scans, if there are any. */
export function Figure({ count, to }: { count: number; to: string }) {
  return count === 0 ? "0" : <Link href={to}>{count.toLocaleString()}</Link>;
}

/** A duration that leads to the scans in which the engine took longer. */
function SlowerScans({ ms, behind }: { ms: number | null; behind: ScansBehind }) {
  if (ms === null) return "–";
  return (
    <Link href={scansAddress({ ...behind, slowerThan: `${Math.floor(ms)}ms` })} title="Scans in which it took longer">
      {durationText(ms)}
    </Link>
  );
}

/** A share beside its number. */
function Share({ of, isHigh = false }: { of: number | null; isHigh?: boolean }) {
  return of !== null && <span className={isHigh ? "chip tone-doubt" : "soft"}>({percentText(of)})</span>;
}

interface Figures {
  readonly results: number;
  readonly detections: number;
  readonly errors: number;
  readonly errorRate: number | null;
  readonly durations: { readonly p50Ms: number | null; readonly p95Ms: number | null };
}

/** The columns of {@link FigureCells}. */
export const FIGURE_COLUMNS = ["Results", "Detections", "Errors", "Half took at most", "95 % took at most"] as const;

/** What an engine answered in some time, each figure with the scans behind it. */
export function FigureCells({ of, behind }: { of: Figures; behind: ScansBehind }) {
  const { results, detections, errors, errorRate, durations } = of;
  return (
    <>
      <td className="number">
        <Figure count={results} to={scansAddress(behind)} />
      </td>
      <td className="number">
        <Figure count={detections} to={scansAddress({ ...behind, answer: DETECTIONS })} /> <Share of={detectionShare(of)} />
      </td>
      <td className="number">
        <Figure count={errors} to={scansAddress({ ...behind, answer: ERRORS })} />{" "}
        <Share of={errorRate} isHigh={failsOften(of)} />
      </td>
      <td className="number">
        <SlowerScans ms={durations.p50Ms} behind={behind} />
      </td>
      <td className="number">
        <SlowerScans ms={durations.p95Ms} behind={behind} />
      </td>
    </>
  );
}

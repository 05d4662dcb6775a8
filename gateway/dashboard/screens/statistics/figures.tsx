import { Link } from "wouter";
import { durationText, percentText } from "../../parts/measure.tsx";
import { scansAddress, type ScansBehind } from "../../parts/scans-address.ts";

/** What an engine answers when it found something. */
export const DETECTIONS = ["INFECTED", "SUSPICIOUS"];

/** A number that leads to its scans, if there are any. */
export function Figure({ count, to }: { count: number; to: string }) {
  return count === 0 ? "0" : <Link href={to}>{count.toLocaleString()}</Link>;
}

/** A duration that leads to the scans in which the engine took longer. */
export function SlowerScans({ ms, behind }: { ms: number | null; behind: ScansBehind }) {
  if (ms === null) return "–";
  return (
    <Link href={scansAddress({ ...behind, slowerThan: `${Math.floor(ms)}ms` })} title="Scans in which it took longer">
      {durationText(ms)}
    </Link>
  );
}

/** A share beside its number. */
export function Share({ of }: { of: number | null }) {
  return of !== null && <span className="soft">({percentText(of)})</span>;
}

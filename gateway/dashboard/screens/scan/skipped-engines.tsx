import { Link } from "wouter";
import type { ScanReportFragment } from "../../generated/scan.ts";
import { Name } from "../../parts/name.tsx";

const REASONS: Readonly<Record<string, string>> = {
  DISABLED: "It is switched off.",
  INTERNET_FORBIDDEN: "It needs the internet, and this scan does not allow that.",
  NOT_SELECTED: "It was not chosen.",
  TOO_SLOW: "It is slower than this scan allows.",
  UNHEALTHY: "It is not set up, is broken or is away.",
  UNSUPPORTED_TYPE: "It does not read files of this type.",
};

/** The engines that were not asked, each with the reason. */
export function SkippedEngines({ skipped }: { skipped: ScanReportFragment["skipped"] }) {
  if (skipped.length === 0) return null;
  return (
    <section className="card" aria-labelledby="skipped">
      <h2 id="skipped">Not asked</h2>
      <dl className="facts">
        {skipped.map(({ engine, reason }) => (
          <div key={engine} className="fact">
            <dt>
              <Name text={engine} />
            </dt>
            <dd>
              {REASONS[reason] ?? reason} {reason === "UNHEALTHY" && <Link href="/engines">See which, and why</Link>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
